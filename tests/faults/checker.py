"""The one judge of all faults: acknowledged ⊆ stored ⊆ sent, once each, in order, whole, and counted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from tests.faults.ledger import Ledger, Sent, Told
from tests.faults.stored import Stored, read

_SHOWN = 3  # examples in a sentence


@dataclass(frozen=True, slots=True)
class Verdict:
    """How many of each fault were found; all 0 is a pass. ``sentence`` names the first of each kind."""

    lost: int = 0  # acknowledged, and in no file
    foreign: int = 0  # stored, but never sent, refused, or with other content
    twice: int = 0  # in one file more than once
    disorder: int = 0  # acknowledged, and stored before what the same source was answered earlier
    torn: int = 0  # batches of which a part is stored
    unbalanced: int = 0  # counters that do not add up, answers that cannot be true
    unsound: int = 0  # what SQLite's own check complains of
    holes: int = 0  # of the lost, those with a later record of their source stored: the loss is no suffix
    acknowledged: int = 0
    stored: int = 0
    sentence: str = ""

    @property
    def ok(self) -> bool:
        """Nothing was lost, let in, doubled, reordered, torn, miscounted or damaged."""
        return not (self.lost or self._besides())

    @property
    def ok_but_for_a_suffix(self) -> bool:
        """Consistent, and what is lost is the newest of each source: all that `normal` promises."""
        return not (self.holes or self._besides())

    def _besides(self) -> int:
        return self.foreign + self.twice + self.disorder + self.torn + self.unbalanced + self.unsound

    def __add__(self, other: Verdict) -> Verdict:
        sums = {f.name: getattr(self, f.name) + getattr(other, f.name) for f in fields(self)[:-1]}
        return Verdict(**sums, sentence="; ".join(filter(None, (self.sentence, other.sentence))))


def judge(ledger: Ledger, databases: Sequence[Path], counters: Mapping[str, int] | None = None) -> Verdict:
    """Compare the books with what is stored, after the clients have stopped.

    The first of ``databases`` must be sound and whole. Others are files set aside for their damage: what
    can be read in them counts as stored. ``counters`` are those of `status`; of sessions that ended in order
    the file has them itself.
    """
    files = [read(databases[0]), *(read(path, damaged=True) for path in databases[1:])]
    rows: dict[tuple[str, str], tuple[int, int]] = {}
    for file in reversed(files):
        rows.update(file.figures)
    lost = _lost(ledger, rows)
    found = {
        "lost": [record.id for record in lost],
        "foreign": [*_foreign(ledger, rows), *(name for file in files for name in file.nameless)],
        "twice": [name for file in files for name in file.twice],
        "disorder": _disorder(ledger, files[0]),
        "torn": [*_torn(ledger, rows), *(name for file in files for name in file.torn)],
        "unbalanced": [
            *_unbalanced(counters, files[0]),
            *filter(None, (b.complaint for b in ledger.batches)),
        ],
        "unsound": files[0].unsound,
    }
    return Verdict(
        **{name: len(cases) for name, cases in found.items()},
        holes=_holes(ledger, rows, lost),
        acknowledged=ledger.acknowledged,
        stored=len(rows),
        sentence="; ".join(f"{len(cases)} {name}: {_some(cases)}" for name, cases in found.items() if cases),
    )


def _some(cases: Sequence[str]) -> str:
    return ", ".join(cases[:_SHOWN]) + (", …" if len(cases) > _SHOWN else "")


def _key(record: Sent) -> tuple[str, str]:
    return record.kind, record.id


def _acknowledged(ledger: Ledger) -> Iterable[Sent]:
    return (record for batch in ledger.batches for record in batch.acknowledged())


def _lost(ledger: Ledger, rows: Mapping[tuple[str, str], object]) -> list[Sent]:
    return [record for record in _acknowledged(ledger) if _key(record) not in rows]


def _holes(ledger: Ledger, rows: Mapping[tuple[str, str], object], lost: Sequence[Sent]) -> int:
    newest: dict[str, int] = defaultdict(int)
    for batch in ledger.batches:
        for record in batch.records:
            if _key(record) in rows:
                newest[record.source] = max(newest[record.source], record.sequence)
    return sum(record.sequence <= newest[record.source] for record in lost)


def _foreign(ledger: Ledger, rows: Mapping[tuple[str, str], tuple[int, int]]) -> list[str]:
    """What nobody sent, what was refused, and what is not as it was sent."""
    may_be = {_key(record): record.figures for batch in ledger.batches for record in _not_refused(batch)}
    return [
        f"{kind} {name}" + ("" if (kind, name) not in may_be else f" with {figures}")
        for (kind, name), figures in rows.items()
        if may_be.get((kind, name)) != figures
    ]


def _not_refused(batch: Told) -> list[Sent]:
    if batch.fate == "refused":
        return []
    return [record for record in batch.records if record.position not in batch.refused]


def _disorder(ledger: Ledger, file: Stored) -> list[str]:
    """Within a table, the numbers that rows got rise with what each source was answered."""
    last: dict[tuple[str, str], int] = {}
    found = []
    in_turn = sorted((batch for batch in ledger.batches if batch.turn), key=lambda batch: batch.turn)
    for record in (record for batch in in_turn for record in batch.acknowledged()):
        number = file.numbers.get(_key(record))
        if number is None:
            continue
        if number < last.get((record.kind, record.source), 0):
            found.append(record.id)
        last[record.kind, record.source] = number
    return found


def _torn(ledger: Ledger, rows: Mapping[tuple[str, str], object]) -> list[str]:
    """Batches of which some, but not all that was not rejected, is stored."""
    found = []
    for batch in ledger.batches:
        expected = _not_refused(batch)
        stored = sum(_key(record) in rows for record in expected)
        if 0 < stored < len(expected):
            found.append(f"{batch.name} ({stored} of {len(expected)})")
    return found


def _unbalanced(counters: Mapping[str, int] | None, file: Stored) -> list[str]:
    books = [*file.sessions, *([counters] if counters is not None else [])]
    return [f"{dict(book)}" for book in books if book["received"] != _accounted(book)]


def _accounted(book: Mapping[str, int]) -> int:
    return sum(book.get(name, 0) for name in ("committed", "duplicate", "rejected", "dropped", "queued"))
