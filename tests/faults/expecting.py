"""A promise besides those that the checker judges, held or broken."""

from __future__ import annotations

from tests.faults.unharmed import Harmed


def expect(holds: bool, otherwise: str) -> None:
    """Raise Harmed unless it holds."""
    if not holds:
        raise Harmed(otherwise)
