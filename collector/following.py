"""The logs of the config, followed while there are any. Nothing of it is loaded before the first."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from collector.store.positions import places

if TYPE_CHECKING:
    from collector.intake.tails.rotation import Known
    from collector.intake.tails.tails import Tails
    from collector.settings import Settings, TailSettings
    from collector.store.buffer import Buffer


class Following:
    """Begins to follow with the first tail. ``stored`` gives the fingerprints whose texts are kept."""

    def __init__(self, settings: Settings, buffer: Buffer, stored: Callable[[], Iterable[str]]) -> None:
        self._wanted = settings.tails
        self._database = settings.database
        self._buffer = buffer
        self._stored = stored
        self._tails: Tails | None = None

    def start(self) -> None:
        """Begin, if there is anything to follow."""
        if self._tails is None and self._wanted:
            # The formats cost a megabyte, and most follow nothing.
            from collector.intake.statements import Statements  # noqa: PLC0415
            from collector.intake.tails.tails import Tails  # noqa: PLC0415

            self._tails = Tails(self._wanted, self._buffer, Statements(self._stored()), self._known)
            self._tails.start()

    def apply(self, wanted: tuple[TailSettings, ...]) -> None:
        """Follow these from now on."""
        self._wanted = wanted
        if self._tails is None:
            self.start()
        else:
            self._tails.apply(wanted)

    def close(self) -> None:
        """Stop reading."""
        if self._tails is not None:
            self._tails.close()

    @property
    def progress(self) -> float:
        """When the thread last moved (monotonic seconds); now, where there is none."""
        return time.monotonic() if self._tails is None else self._tails.progress

    def health(self) -> list[dict[str, Any]]:
        """How each goes, for `collector status`."""
        return [] if self._tails is None else self._tails.health()

    def _known(self) -> dict[str, Known]:
        from collector.intake.tails.rotation import Known  # noqa: PLC0415  # as above

        return {path: Known(*place) for path, place in places(self._database).items()}
