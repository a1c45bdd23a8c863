"""Data: from files to batches. Read datum, lmdb_db, transformer; then idx, digits, download, datasets."""
