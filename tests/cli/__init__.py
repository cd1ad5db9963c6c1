"""The commands: run in this process, or as real ones, on a small real database."""
