"""Importing less: libraries that drag in what a recorder never uses.

``import peewee`` loads every database driver it finds (+10 MB), ``import structlog`` loads rich
where it is installed (+4 MB), and asyncio loads OpenSSL (+4 MB). All of them treat these as optional,
so the import is made to look as if they were not installed.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

# Pulled in by asyncio, hashlib and uuid on the way. All have fallbacks, and a later plain
# ``import ssl`` (for a workload that talks https) works as ever.
CRYPTO = ("ssl", "_hashlib")


@contextmanager
def without(*names: str) -> Iterator[None]:
    """Make ``names`` look uninstalled inside the block; what is loaded already stays usable."""
    hidden = [name for name in names if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]  # None means "cannot import"
    try:
        yield
    finally:
        for name in hidden:
            if sys.modules.get(name, ...) is None:
                del sys.modules[name]


def give_back() -> None:
    """Hand memory that a burst has left behind back to the system; where the C library cannot, nothing."""
    import ctypes  # noqa: PLC0415  # 0.7 MB, which a recorder without bursts need not spend

    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
