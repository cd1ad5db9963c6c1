"""The code: the commit, uncommitted changes, or the command that was run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, TypeVar

from collector.answers.causes.gathered import Gathered, Seen
from collector.answers.causes.level import may_be
from collector.answers.causes.witness import Testimony, witness
from collector.answers.causes.words import short
from collector.redact import redacted, shortened

# The border between two levels is found to a run or two: a run by chance fast or slow stands on the wrong
# side of it.
NEAR_RUNS = 2
LONGEST_COMMAND = 40

# A commit, and whether there were uncommitted changes on it.
State = tuple[str, bool]
Label = TypeVar("Label", bound=Any)


@witness("code")
def code(gathered: Gathered) -> Testimony:
    """What the first run after the change has that no run before it had."""
    runs = [*gathered.before, *gathered.after]
    is_canary = gathered.found.subject.kind == "canary"
    states = [_state(run, is_canary=is_canary) for run in runs]
    commands = [run.columns.get("command") for run in runs]
    figures: dict[str, dict[str, Any]] = {
        name: {"before": was, "after": now, "moved": None if was is None or now is None else was != now}
        for name in ("git_commit", "git_dirty", "command")
        for was, now in [(gathered.before[-1].columns.get(name), gathered.after[0].columns.get(name))]
    }
    figures["command"] |= {side: _told(figures["command"][side]) for side in ("before", "after")}
    known = any(states) or any(commands)
    if came := came_with(gathered, states, trusted=lambda state: not state[1]):
        before, after = came
        commit = after[0] if before[0] != after[0] else None
        return Testimony(
            "code", "code", known, 1.0, _clause(before, after), _brief(before, after),
            weak=commit is not None and _is_usual(gathered.before), commit=commit, figures=figures,
        )  # fmt: skip
    if came := came_with(gathered, commands):
        clause = f"the command changed then: {shortened(redacted(str(came[1])), LONGEST_COMMAND)}"
        return Testimony("code", "code", known, 1.0, clause, "another command", figures=figures)
    return Testimony("code", "code", known, figures=figures)


def came_with(
    gathered: Gathered, labels: Sequence[Label | None], trusted: Callable[[Label], bool] = lambda _: True
) -> tuple[Label, Label] | None:
    """The old label and the new one, where labels change with the level; None where they do not.

    Not where a run of the new label is on the old level, or one of an old label on the new: then it is
    something else. Only labels that are ``trusted`` to stand for one and the same code tell that.
    """
    border = len(gathered.before)
    near = range(max(1, border - NEAR_RUNS), min(len(labels), border + NEAR_RUNS + 1))
    for at in sorted(near, key=lambda place: abs(place - border)):
        before, after = labels[at - 1], labels[at]
        if before is None or after is None or before == after:
            continue
        if _fits(gathered, at) and not _is_refuted(gathered, labels, at, trusted):
            return before, after
    return None


def _fits(gathered: Gathered, at: int) -> bool:
    """Whether the runs between ``at`` and the change may as well be of the other level, by their times."""
    border = len(gathered.before)
    if at < border:
        return all(_may_be(run, gathered.after) for run in gathered.before[at:])
    return all(_may_be(run, gathered.before) for run in gathered.after[: at - border])


def _is_refuted(
    gathered: Gathered, labels: Sequence[Label | None], at: int, trusted: Callable[[Label], bool]
) -> bool:
    runs = [*gathered.before, *gathered.after]
    known = [label if label is not None and trusted(label) else None for label in labels]
    old = {label for label in known[:at] if label is not None}
    new_too_early = sum(
        label is not None and label == known[at] and not _may_be(run, gathered.after)
        for run, label in zip(runs[:at], known[:at], strict=True)
    )
    old_too_late = sum(
        label in old and not _may_be(run, gathered.before)
        for run, label in zip(runs[at:], known[at:], strict=True)
    )
    # Any run may be slow by chance; none is fast by chance.
    slow, fast = (old_too_late, new_too_early) if gathered.slowdown > 1 else (new_too_early, old_too_late)
    return fast >= 1 or slow >= 2


def _may_be(run: Seen, level: Sequence[Seen]) -> bool:
    return may_be(run.value, [one.value for one in level])


def _state(run: Seen, *, is_canary: bool) -> State | None:
    """The canary's own code comes with the recorder, whatever repository it may run in."""
    commit = None if is_canary else run.columns.get("git_commit")
    return None if commit is None else (str(commit), bool(run.columns.get("git_dirty")))


def _is_usual(runs: Sequence[Seen]) -> bool:
    """Whether most runs had another commit than the one before them: a history, one run for each commit.

    Then a commit comes with any change, whatever its reason.
    """
    commits = [run.columns["git_commit"] for run in runs if run.columns.get("git_commit") is not None]
    changes = sum(bool(was != now) for was, now in pairwise(commits))
    return 2 * changes > len(commits) - 1


def _told(command: object) -> str | None:
    """A command in the evidence: runs that were reported hold it as their sender wrote it."""
    return None if command is None else redacted(str(command))


def _brief(before: State, after: State) -> str:
    if before[0] != after[0]:
        return f"commit {short(after[0])}"
    return f"{'uncommitted changes' if after[1] else 'the bare state'} of {short(after[0])}"


def _clause(before: State, after: State) -> str:
    commit = short(after[0])
    if before[0] == after[0]:
        return (
            f"first seen with uncommitted changes on {commit}"
            if after[1]
            else f"first seen when the uncommitted changes on {commit} were gone"
        )
    return f"first seen in {commit}{' with uncommitted changes' if after[1] else ''}"
