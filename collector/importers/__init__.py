"""One file per format of `collector import`. Importing this package announces them all."""

from collector import importers
from collector.registry import discover

discover(importers)
