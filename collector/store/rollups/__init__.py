"""Rollups: figures of 5 minutes, hours and days, which stay when the rows themselves are gone."""

from collector.store.rollups.repairing import repair
from collector.store.rollups.rolling import Rollups

__all__ = ["Rollups", "repair"]
