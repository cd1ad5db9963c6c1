"""A real pool in which somebody waits."""

from __future__ import annotations

import threading
from pathlib import Path

import sqlalchemy as sa

from collector.client.hooks.base import Kept
from collector.client.hooks.sqlalchemy_pool import watch_pool


def waited(database: Path, kept: Kept) -> None:
    """A thread waits for the only connection of a pool: looks until that is seen, and one afterwards."""
    engine = sa.create_engine(f"sqlite:///{database}", pool_size=1, max_overflow=0)
    pool = watch_pool(engine, name="web", client=kept)
    holder = engine.connect()
    thread = threading.Thread(target=lambda: engine.connect().close())
    thread.start()
    while not any(record["waiting_connections"] for record in kept.of("pool")):
        pool.report()
    holder.close()
    thread.join()
    pool.report()
    engine.dispose()
