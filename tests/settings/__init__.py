"""The config: found, read, checked."""
