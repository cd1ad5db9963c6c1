"""Series for the benchmark of changes: generated, and recorded on a real machine."""
