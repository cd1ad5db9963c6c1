"""One file per log format. Importing this package announces them all."""

from collector.intake.tails import formats
from collector.registry import discover

discover(formats)
