"""The commands of `cafe`, one family a file; the work itself is done by functions outside this folder."""
