"""Data parallel training: several processes, or threads, teach one net, each with its share of every batch."""
