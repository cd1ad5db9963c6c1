"""Logs that are followed: formats, files that rotate, and positions that survive a restart."""
