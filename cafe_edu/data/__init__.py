"""Data: from files to batches. Read datum, lmdb_db, transformer, record_batches, prefetch; then what you need."""
