"""Retention: what is older than promised goes, and what does not fit; both in short steps of the writer."""
