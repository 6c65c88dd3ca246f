"""Backups beyond the making of one: which stay, restoring, proving that they restore, copies elsewhere."""
