"""Ids for records that come without one: those of one process sort as they were made.

A unique index takes such ids at its end. Wholly random ones rewrite a page of it for each record.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator


def new_id() -> str:
    """An id that no record has yet; safe in threads and after a fork."""
    return next(_ids)


def _made() -> Iterator[str]:
    # No generator: that one raises when two threads are in it at once.
    return map(f"{os.urandom(8).hex()}-{{:08x}}".format, itertools.count())


def _begin() -> None:
    global _ids  # noqa: PLW0603  # a child that went on with its parent's would give the same ids
    _ids = _made()


_ids = _made()
os.register_at_fork(after_in_child=_begin)
