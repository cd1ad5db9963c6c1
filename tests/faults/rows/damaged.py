"""A database is damaged, while the daemon is stopped, was killed, or runs: six kinds of damage."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from itertools import pairwise
from pathlib import Path
from statistics import mean
from typing import Any, NamedTuple

from collector import clock, health
from collector.opened import reading_settings
from collector.orm import select
from collector.store.database import file_size, open_reader, wal_path
from collector.store.retention.sizes import SET_ASIDE
from tests.faults.clients import Load
from tests.faults.ground import Ground
from tests.faults.harm import HEADER, Harm, emptied, garbage, gone, header, truncated, zeroed
from tests.faults.ledger import Ledger
from tests.faults.old_record import (
    PARTS,
    TABLES,
    Ended,
    Left,
    Old,
    compare,
    lying,
    photographed,
    planted,
    records_of,
    save_the_rest,
    stored,
    template,
    unknown,
    without_torn,
)  # fmt: skip
from tests.faults.pages import Pages, in_file, in_log, touched, uncounted, view
from tests.faults.row import Round, fault, on_fresh_ground
from tests.faults.victim import Died

FULL = 40
STATES = ("clean", "killed", "running")
# While it runs damage may stay unseen for ever; so long it is waited for.
UNSEEN_SECONDS = 1.0
# Each so many rounds the daemon itself, which looks each 20 s, takes over the rest of the rows.
OWN_SAVING = 8


class Met(NamedTuple):
    """What a round did, and how the daemon met it.

    ``image``: the pages that lay there before a start, which must lie there still, aside. ``nothing``: no
    byte of a database was left.
    """

    old: Old
    did: str
    damaged: set[int]
    recovery_s: float
    between: Ledger
    image: Pages
    nothing: bool = False
    log_bytes: int = 0


def rounds(ground: Ground, count: int, *, harm: Harm, first: int) -> Iterator[Round]:
    """Stopped, killed and running in turn; the figures of all so far go with each."""
    shares: list[float] = []
    for number in range(count):
        state = STATES[(number + number // len(HEADER) + first) % len(STATES)]

        def run(fresh: Ground, number: int, state: str = state) -> Round:
            return one(fresh, number, state, harm)

        result = on_fresh_ground(f"{ground.seed}/{number}", run, number)
        if "saved %" in result.figures:
            shares.append(float(result.figures["saved %"]))
            shown = f"{min(shares):.1f} … {max(shares):.1f}, mean {mean(shares):.1f}"
            result = result._replace(figures={**result.figures, "saved %": shown})
        yield result


def one(ground: Ground, number: int, state: str, harm: Harm) -> Round:
    """Damage one record and judge all that came of it."""
    did = harm.__name__
    try:
        if state == "running":
            met = while_running(ground, number, harm)
        else:
            met = stopped(ground, number, "clean" if state == "clean" else "killed", harm)
        did = met.did
        return judged(ground, met, own_saving=number % OWN_SAVING == OWN_SAVING - 1)
    except (AssertionError, Died, TimeoutError) as error:
        raise Died(f"{state}, {did}: {error}") from error


def stopped(ground: Ground, number: int, ended: Ended, harm: Harm) -> Met:
    """Before the start."""
    planted(ground, ended)
    path = ground.victim.database
    old = photographed(path, ground.own / "old.db", running=False)
    unknown(records_of(template(ended).ledger), ground.ledger)
    before, log_bytes = view(path), file_size(wal_path(path))
    did = harm(path, ground.random, number)
    nothing = not file_size(path)
    image = {} if nothing else view(path)
    recovery_s = ground.recover()
    return Met(old, did, touched(before, image), recovery_s, Ledger(), image, nothing, log_bytes)


def while_running(ground: Ground, number: int, harm: Harm) -> Met:
    """By another process while clients send; where nobody sees it, a kill follows."""
    planted(ground, "clean")
    victim, path = ground.victim, ground.victim.database
    victim.start()
    before, between = Ledger(), Ledger(time.monotonic_ns)
    with Load(victim.socket, before, 2, name="before-"):
        before.wait_for(acknowledged=300)
    old = photographed(path, ground.own / "old.db", running=True)
    with Load(victim.socket, between, 2, batches_per_s=50, name="between-"):
        between.wait_for(acknowledged=20)
        whole = in_file(path.read_bytes())
        did = harm(path, ground.random, number)
        damaged = touched(whole, in_file(path.read_bytes()) if path.exists() else whole)
        damaged_ns = time.monotonic_ns()
        seen = noticed(ground, harm)
        between.wait_for_more(20)
    for ledger in (template("clean").ledger, before, between):
        unknown(records_of(ledger), ground.ledger)
    if seen:
        ground.probe()
        return Met(old, did, damaged, longest_wait_s(between, damaged_ns), between, {})
    victim.kill()
    damaged -= set(in_log(wal_path(path)))  # written anew since, which heals them
    return Met(old, f"{did}, unseen", damaged, ground.recover(), between, {})


def noticed(ground: Ground, harm: Harm) -> bool:
    """Whether the daemon says within a second that something is wrong with its file."""
    event = "database.moved" if harm is gone else "database.set_aside"
    try:
        ground.victim.wait_for_event(event, seconds=UNSEEN_SECONDS)
    except TimeoutError:
        return False
    return True


def longest_wait_s(ledger: Ledger, since_ns: int) -> float:
    """The longest time without an answer since then."""
    marks = sorted(batch.mark for batch in ledger.batches if batch.mark > since_ns)
    return max(later - earlier for earlier, later in pairwise([since_ns, *marks])) / 1e9


def judged(ground: Ground, met: Met, *, own_saving: bool) -> Round:
    """All that was promised of it."""
    path = ground.victim.database
    with ground.load(2):
        ground.ledger.wait_for_more(100)
    lies = lying(path)
    told = health.look(reading_settings(ground.victim.config), clock.now().wall_ms)["recoveries"]
    if own_saving and lies:
        ground.victim.wait_for_event("recovery.saved")
    ground.victim.stop()
    save_the_rest(path)
    left = compare(met.old, path, met.damaged if lies or met.nothing else ())
    assert not left.unexplained, f"lost without damage: {left.unexplained[:3]}, {len(left.unexplained)} rows"
    assert not (missing := lost_between(met, path)), f"acknowledged and lost without damage: {missing[:3]}"
    assert_kept(met, path, lies)
    assert_told(met, told, lies)
    assert_counted(met, path, left, lies)
    verdict = without_torn(ground.judge(), left)
    return Round(verdict, met.recovery_s, {"saved %": left.percent, "cut off": left.cut_off})


def lost_between(met: Met, path: Path) -> list[str]:
    """What was acknowledged from the damage to its discovery, and is lost though all pages on the way to the
    end of its table were whole."""
    there = stored(path)
    whole = {kind: not met.damaged & met.old.layout.end(table) for kind, (table, _) in TABLES.items()}
    told = (record for batch in met.between.batches for record in batch.acknowledged())
    return [record.id for record in told if whole[record.kind] and (record.kind, record.id) not in there]


def assert_kept(met: Met, path: Path, lies: list[Path]) -> None:
    """What was damaged lies there still, to the last byte, its log included."""
    if met.image and lies:
        now = view(lies[-1])
        changed = [
            n
            for n, page in met.image.items()
            if not uncounted(n, now.get(n, b"")).startswith(uncounted(n, page))
        ]
        assert not changed, f"pages {changed[:5]} of the file that was set aside are other ones now"
    if met.nothing and met.log_bytes:
        logs = [file_size(each) for each in path.parent.glob(f"{path.name}{SET_ASIDE}*")]
        assert met.log_bytes in logs, f"the log of {met.log_bytes} bytes is gone: {logs}"


def assert_told(met: Met, told: list[dict[str, Any]], lies: list[Path]) -> None:
    """`status` names every file that was set aside, and what became of a record of which nothing is left."""
    named = [row["aside"] for row in told]
    assert {each.name for each in lies} <= {*named}, f"status names {named} and not {lies}"
    if met.nothing and met.log_bytes:
        assert told, "status does not say that the record is gone and its log set aside"


def assert_counted(met: Met, path: Path, left: Left, lies: list[Path]) -> None:
    """The rows saved are those that are in the new file and were in the old one."""
    if not lies:
        return
    with closing(open_reader(path)) as reader:
        sql = "SELECT rows_saved, finished_ms FROM recoveries WHERE aside = ?"
        ((saved, finished_ms),) = select(reader, sql, lies[0].name)
    assert finished_ms is not None, "it is not over"
    sent = len(met.between.batches) * 20 * (1 + len(PARTS))
    assert left.saved <= saved <= met.old.rows + sent, f"{saved} rows saved, {left.saved} are here"


KINDS: list[tuple[str, str, Harm, int]] = [
    ("zeroed", "some pages zeroed", zeroed, 2),
    ("garbage", "some pages overwritten with garbage", garbage, 1),
    ("truncated", "the file cut off at a random length", truncated, 0),
    ("header", "one field of the header random", header, 0),
    ("emptied", "a file of 0 bytes", emptied, 2),
    ("gone", "no file", gone, 1),
]
for name, about, harm, first in KINDS:
    fault(f"damaged-{name}", about, quick=1, full=FULL, whole=True)(partial(rounds, harm=harm, first=first))
