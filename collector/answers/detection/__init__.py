"""Lasting changes of level in a series of timings: where they are, how large, and how sure that is.

Pure functions over plain numbers. `find` looks through one series, `compare` sets two against each
other. `found` is the table of contents: candidates by optimal partitioning, then each has to stand up
against the noise and the autocorrelation that the series itself shows.
"""

from collector.answers.detection.compared import compare
from collector.answers.detection.found import find
from collector.answers.detection.result import Comparison, Found, Level, Step

__all__ = ["Comparison", "Found", "Level", "Step", "compare", "find"]
