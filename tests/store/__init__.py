"""The file and its one writer."""
