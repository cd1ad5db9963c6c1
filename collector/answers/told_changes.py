"""A stored change as it is told: to scripts, to people and to alerts. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from collector.answers.subjects import METRICS
from collector.answers.timed import Row

# How many milliseconds a time in this unit has.
_MS = {"ms": 1.0, "s": 1000.0}


def unit_of(row: Row) -> str:
    """The unit of its figure: ms, s, 1/s; empty for money, of which nobody said which."""
    return METRICS.get(row["metric"], ("", False))[0]


def rises(row: Row) -> bool:
    """Whether its figure went up; from or to nothing there is no ratio."""
    return bool(row["after"] > row["before"] if row["ratio"] is None else row["ratio"] > 1)


def direction(row: Row) -> Literal["slower", "faster"]:
    """Which way it went; what costs more counts as slower."""
    _, higher_is_better = METRICS.get(row["metric"], ("", False))
    return "slower" if rises(row) != higher_is_better else "faster"


def interval(row: Row) -> list[float] | None:
    """The 95 % interval of its ratio; None where it has none."""
    return None if row["ratio"] is None else [row["ratio_low"], row["ratio_high"]]


def in_ms(row: Row, column: str) -> float | None:
    """A figure in milliseconds; None where it is no time."""
    factor = _MS.get(unit_of(row))
    return None if factor is None else row[column] * factor


def document(row: Row) -> dict[str, Any]:
    """The keys of ``collector changes --json``; ``id`` is null until it is stored."""
    evidence = row["evidence"] or {}
    return {
        "id": row.get("id"),
        "subject_kind": row["subject_kind"],
        "subject": row["subject"],
        "metric": row["metric"],
        "unit": unit_of(row),
        "direction": direction(row),
        "state": row["state"],
        "at": row["timestamp"],
        "last_before": row["last_before_ms"],
        "before": row["before"],
        "after": row["after"],
        "before_ms": in_ms(row, "before"),
        "after_ms": in_ms(row, "after"),
        "before_p95": row["before_p95"],
        "after_p95": row["after_p95"],
        "ratio": row["ratio"],
        "interval": interval(row),
        "runs": [row["runs_before"], row["runs_after"]],
        "noisy_left_out": row["noisy_left_out"],
        "only_noisy": bool(evidence.get("only_noisy")),
        "first_commit": row["first_commit"],
        "cause": row["cause"],
        "sentence": row["sentence"],
        "evidence": evidence,
        "trend": row["trend"],
        "found": row["found_ms"],
        "told": row["told_ms"],
        "doubted": row["doubted_ms"],
        "accepted": row["accepted_ms"],
        "note": row["note"],
    }


def standing(rows: Sequence[Row]) -> set[Literal["slower", "faster"]]:
    """Which ways a subject went that nothing has ended: not gone, and behind what was accepted."""
    accepted: dict[str, int] = {}
    for row in rows:
        if row["state"] == "accepted":
            accepted[row["metric"]] = max(row["timestamp"], accepted.get(row["metric"], 0))
    return {
        direction(row)
        for row in rows
        if row["state"] not in ("gone", "accepted") and row["timestamp"] > accepted.get(row["metric"], 0)
    }


def for_alert(row: Row) -> dict[str, Any]:
    """What an alert says of it besides whose it is, which way it went and since when."""
    return {
        "id": row.get("id"),
        "metric": row["metric"],
        "unit": unit_of(row),
        "before": row["before"],
        "after": row["after"],
        "ratio": row["ratio"],
        "interval": interval(row),
        "cause": row["cause"],
        "sentence": row["sentence"],
        "first_commit": row["first_commit"],
    }
