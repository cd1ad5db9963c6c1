"""Copies of the record in one file each: made while it is written, and put back in its place."""
