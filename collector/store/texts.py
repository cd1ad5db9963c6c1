"""The normalised texts behind fingerprints, as the one who writes reads them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from collector.log import get_logger
from collector.store.failures import REFUSALS

if TYPE_CHECKING:
    from collector.sqlite import sqlite3

log = get_logger("writer")


def text_of(conn: sqlite3.Connection) -> Callable[[str], str]:
    """What gives the text of a fingerprint, empty where none is stored; for the thread of ``conn`` alone."""

    def text(query_hash: str) -> str:
        try:
            found = conn.execute("SELECT text FROM queries WHERE query_hash = ?", (query_hash,)).fetchone()
        except REFUSALS as error:  # a warning without its text is still one
            log.debug("query.text_unread", query_hash=query_hash, error=str(error))
            return ""
        return str(found[0]) if found else ""

    return text
