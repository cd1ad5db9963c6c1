"""What is still to be written into a new file about the old one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collector.store.recovery.salvage import Reason


class Note(NamedTuple):
    """One thing that happened; ``aside`` is where the old file lies, if it does."""

    aside: Path | None
    reason: Reason
    detail: str
