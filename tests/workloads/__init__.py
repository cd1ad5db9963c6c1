"""Tests of what is run, timed and ended."""
