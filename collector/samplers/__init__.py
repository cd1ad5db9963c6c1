"""One file per subject of the machine. Importing this package announces them all."""

from collector import samplers
from collector.registry import discover

discover(samplers)
