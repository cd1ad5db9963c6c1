"""One file per kind of workload. Importing this package announces them all."""

from collector import workloads
from collector.registry import discover

discover(workloads)
