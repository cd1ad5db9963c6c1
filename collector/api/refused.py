"""What does not fit is refused with everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from collector.errors import CollectorError
from collector.intake import check


class Refused(CollectorError):
    """A record, condition or change that is not taken; nothing of it is stored.

    ``faults`` are (path, what is wrong there and what is allowed); ``step`` is its place in a transaction,
    from 0. The message tells them all.
    """

    def __init__(self, reason: str, faults: list[tuple[str, str]] | None = None, step: int = 0) -> None:
        super().__init__(reason, hint="docs/records.md tells every column with its unit")
        self.faults = faults or [("", reason)]
        self.step = step


@contextmanager
def refusing(step: int = 0) -> Iterator[None]:
    """What the check of the intake refuses is refused here, and what it cannot read as JSON."""
    try:
        yield
    except TypeError as error:
        raise Refused(f"cannot be told in JSON: {error}", step=step) from None
    except check.Refused as error:
        raise Refused(str(error), error.faults, getattr(error, "step", step)) from None
