"""Warnings of what was slow: our own queries, and whatever applications, tails and workloads report."""

from collector.slow.thresholds import Thresholds
from collector.slow.warnings import SlowWarnings

__all__ = ["SlowWarnings", "Thresholds"]
