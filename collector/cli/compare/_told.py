"""How the answer of ``collector compare`` looks to people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from collector.answers import gaps, sides
from collector.answers.compare import Compared, Read
from collector.answers.detection.compared import NEEDED
from collector.moments import between
from collector.tables import Cell, Column, print_paragraph, print_table
from collector.units import counted, duration

Row = dict[str, Any]

_INDENT = "    "
COLUMNS = (
    Column("verdict"),
    Column("subject", cut=14),
    Column("kind", spare=4),
    Column("before", right=True),
    Column("after", right=True),
    Column("p95 before", right=True, spare=3),
    Column("p95 after", right=True, spare=2),
    Column("change (95 %)", right=True),
    Column("runs", right=True, spare=1),
)
_NOT_CLEAR = "not clear"
# What is said of so many subjects of a kind.
_SUMS = {
    "slower": "slower",
    "faster": "faster",
    "same": "same",
    _NOT_CLEAR: "not clear (more runs would tell)",
    "too few": "with too few runs",
}
_COLOURS = {"slower": "red", "faster": "green", "too few": "yellow", _NOT_CLEAR: "yellow"}
_NAMED = 6
# A ratio beyond this is as good as any.
_MOST_RATIO = 100


def tell(found: Compared, before: Read, after: Read, now_ms: int) -> None:
    """Print a table of what both sides have, and below it what was left out."""
    print_paragraph(f"before: {_side(before, now_ms)} · after: {_side(after, now_ms)}", _INDENT)
    print_table(COLUMNS, [cells(row) for row in found.rows])
    for line in (_summed_up(found), *_notes(found), *_overlap(before, after)):
        print_paragraph(line, _INDENT)


def _side(read: Read, now_ms: int) -> str:
    """How it was typed; behind a window between two moments when that is."""
    side = read.side
    if ".." not in side.said or not side.since_ms or not side.has_window:
        return side.said
    return f"{side.said} ({between(side.since_ms, side.until_ms, now_ms)})"


def _word(row: Row) -> str:
    return _NOT_CLEAR if row["clear"] is False else str(row["verdict"])


def cells(row: Row) -> list[str | Cell]:
    """A row of the table."""
    return [
        Cell(_word(row), _COLOURS.get(_word(row), "")),
        row["subject"],
        row["kind"],
        duration(row["before_ms"]),
        duration(row["after_ms"]),
        duration(row["before_p95_ms"]),
        duration(row["after_p95_ms"]),
        change(row),
        " / ".join(f"{n:,}" for n in row["runs"]),
    ]


def change(row: Row) -> str:
    """``+25 % (21…29)``; from twice as long on ``×3.2 (2.9…3.4)``."""
    if row["ratio"] is None:
        return "–"
    ratio, (low, high) = row["ratio"], row["interval"]
    if ratio >= 2:
        return f"×{ratio:.1f} ({low:.1f}…{high:.1f})" if high < _MOST_RATIO else f"×{ratio:.1f} ({low:.1f}…)"
    middle, one, two = (f"{round(100 * (end - 1)):+d}" for end in (ratio, low, min(high, _MOST_RATIO)))
    return f"{middle} % ({one}…{two if high < _MOST_RATIO else ''})"


def _summed_up(found: Compared) -> str:
    counts = Counter(_word(row) for row in found.rows)
    told = [f"{counts[word]} {said}" for word, said in _SUMS.items() if counts[word]]
    return f"{counted(len(found.rows), 'subject')} compared: {', '.join(told)}"


def _notes(found: Compared) -> Iterator[str]:
    emptied = list(_emptied(found))
    yield from emptied[:_NAMED]
    if len(emptied) > _NAMED:
        yield f"too few: so were those of {len(emptied) - _NAMED} more"
    for index, word in enumerate(("before", "after")):
        counts: Counter[str] = Counter()
        for row in found.rows:
            counts.update(row["left_out"][index])
        if counts:
            yield f"left out {word}: {_counts(counts)}"
        thinned = max((row["one_in"][index] for row in found.rows), default=1)
        if thinned > 1:
            yield f"{word}: of what ran very often one in {thinned:,} was looked at"
    for word, told in only_told(found):
        yield f"only {word}: {told}"


def only_told(found: Compared) -> Iterator[tuple[str, str]]:
    """The names that only one side has, some of many."""
    for word, names in (("before", found.only_before), ("after", found.only_after)):
        if names:
            more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
            yield word, f"{', '.join(names[:_NAMED])}{more}"


def _emptied(found: Compared) -> Iterator[str]:
    """Of each side that has too few runs because others were left out: why."""
    for row in found.rows:
        for word, count, left_out in zip(("before", "after"), row["runs"], row["left_out"], strict=True):
            if count < NEEDED and left_out:
                of_those = f"runs of {row['subject']} {word}"
                yield f"too few: {_left(count, sum(left_out.values()), of_those)} {_reasons(left_out)}"


def _left(count: int, others: int, of_those: str) -> str:
    """``all 40 runs of … were``, or ``of 40 runs of … 38 were``."""
    return f"of {count + others:,} {of_those} {others:,} were" if count else f"all {others:,} {of_those} were"


def _reasons(left_out: dict[str, int]) -> str:
    """``noisy``; ``left out (2 failed, 38 noisy)`` where there are several."""
    if len(left_out) == 1:
        return next(iter(left_out))
    return f"left out ({_counts(left_out)})"


def _counts(left_out: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {why}" for why, count in sorted(left_out.items()))


def _overlap(before: Read, after: Read) -> Iterator[str]:
    if sides.do_overlap(before.side, after.side):
        yield "the windows overlap: what lies in both counts on either side"


def holes_told(read: Sequence[Read], now_ms: int) -> Iterator[str]:
    """The gaps in the windows of both sides."""
    for word, each in zip(("before", "after"), read, strict=True):
        if each.gaps:
            yield f"{word}: {gaps.in_words(each.gaps, now_ms)}"
