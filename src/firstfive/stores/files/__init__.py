"""Files on disk: the vault, keys, what is published."""
