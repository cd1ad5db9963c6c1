"""Tests of the samplers and of how they take turns."""
