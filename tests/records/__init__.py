"""Every kind of record."""
