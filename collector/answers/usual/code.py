"""Whether the code of a run is that of the runs before it, as far as it was recorded. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import takewhile

from collector.answers.percentiles import percentile
from collector.answers.timed import Row
from collector.units import counted

# Of so many runs on a commit a level can be told.
A_LEVEL = 3


def of_run(run: Row, recent: Sequence[Row], usual: Sequence[Row]) -> Row:
    """The commit of a run beside those of ``recent`` ones, newest first; ``usual`` are those that count.

    ``change`` is what changed with this run: commit, dirty (files changed since the commit) or command;
    ``since`` where all runs of its commit are slower than those before, ``recent`` where there are hardly
    any; ``same``; ``edited`` (the same commit with changes that nobody recorded), ``same_commit`` where
    nobody said, or ``unknown``.
    ``same_as`` counts the runs right before on the same commit. ``usual_commit`` is that of most of the
    ``usual`` runs, and ``usual_same`` how many of the ``usual_runs`` are of this run's, with changes to
    files or without.
    """
    commit = run["git_commit"]
    stamped = [row for row in recent if row["git_commit"] is not None]
    same = list(takewhile(lambda row: row["git_commit"] == commit, stamped))
    return {
        "commit": commit,
        "dirty": None if run["git_dirty"] is None else bool(run["git_dirty"]),
        "previous_commit": stamped[0]["git_commit"] if stamped else None,
        "same_as": len(same),
        **_usual(run, usual),
        "command": run["command"],
        "change": _change(run, recent, same) or _since(run, usual) or _unchanged(run),
    }


def _usual(run: Row, usual: Sequence[Row]) -> Row:
    """The code of the runs that the time stands beside; of two as frequent the newer one."""
    seen = Counter(_stamp(row) for row in usual if row["git_commit"] is not None)
    (commit, is_dirty), _ = seen.most_common(1)[0] if seen else ((None, None), 0)
    return {
        "usual_commit": commit,
        "usual_dirty": is_dirty,
        "usual_same": seen[_stamp(run)],
        "usual_runs": len(usual),
    }


def _stamp(run: Row) -> tuple[str | None, bool]:
    return run["git_commit"], bool(run["git_dirty"])


def _change(run: Row, recent: Sequence[Row], same: Sequence[Row]) -> str:
    """What changed with this run; empty where nothing did."""
    commands = [row["command"] for row in (run, *recent[:1]) if row["command"] is not None]
    if len(set(commands)) > 1:
        return "command"
    if run["git_commit"] is None or not any(row["git_commit"] for row in recent):
        return "unknown"
    if not same:
        return "commit"
    return "dirty" if bool(run["git_dirty"]) != bool(same[0]["git_dirty"]) else ""


def _unchanged(run: Row) -> str:
    return {None: "same_commit", 0: "same"}.get(run["git_dirty"], "edited")


def _since(run: Row, usual: Sequence[Row]) -> str:
    """Whether the runs of this commit are slower than those of others before it; empty where they are not.

    Of fewer than 3 that count nobody can tell, so a commit that came only now stays a suspect.
    """
    stamped = [row for row in usual if row["git_commit"] is not None]
    same = list(takewhile(lambda row: row["git_commit"] == run["git_commit"], stamped))
    older = stamped[len(same) :]
    level = percentile([row["wall_ms"] for row in same], 0.5)
    fence = percentile([row["wall_ms"] for row in older], 0.95)
    if len(older) < A_LEVEL or fence is None or (level is not None and level <= fence):
        return ""
    return "since" if len(same) >= A_LEVEL else "recent"


def words(code: Row) -> str:
    """What is known of the code, in words that go behind "; "."""
    before = f"{counted(code['same_as'], 'run')} before"
    if code["change"] == "since":
        return f"it has been slower since commit {code['commit'][:7]} came, {before}"
    if code["change"] == "recent":
        return f"the commit changed {before}"
    return _WORDS[code["change"]]


def has_changed(code: Row) -> bool:
    """Whether something is known to have changed."""
    return code["change"] in ("command", "commit", "dirty", "recent", "since")


_WORDS = {
    "command": "the command changed with this run",
    "commit": "the commit changed with this run",
    "dirty": "tracked files were changed with this run, or changed back",
    "edited": "the commit did not change, whether the uncommitted files did is not recorded",
    "same": "the code did not change",
    "same_commit": "the commit did not change",
    "unknown": "no commit is recorded",
}
