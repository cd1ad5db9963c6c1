"""The flight recorder of a developer's machine.

This module stays empty of imports on purpose: applications import
``collector.client`` from it, and must not pay for the daemon's libraries.
"""

__version__ = "0.1.0"

TYPE_CHECKING = False  # what `typing` has of that name is an import, too
if TYPE_CHECKING:
    from pathlib import Path

    from collector.api import Recording


def open(path: "Path | str | None" = None) -> "Recording":  # noqa: A001  # reads as collector.open(path)
    """The record at ``path``, to be read and written by a script; without ``path``, the configured one.

    Works beside a running daemon, by way of its socket, and without one. Nothing is opened before it is
    needed. Raises ConfigError when the config cannot be read. See `collector.api.Recording`.
    """
    from collector.api import opened  # noqa: PLC0415  # see above

    return opened(path)
