"""One file per kind of record. Importing this package announces them all."""

from collector import records
from collector.registry import discover

discover(records)
