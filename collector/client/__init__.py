"""What applications use to report, and commands to talk to the daemon. Standard library only."""

from collector.client.line import Line, Unreachable, short

__all__ = ["Line", "Unreachable", "short"]
