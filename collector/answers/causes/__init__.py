"""Why something changed: one file per witness. Importing this package announces them all."""

from collector.answers import causes
from collector.registry import discover

discover(causes)
