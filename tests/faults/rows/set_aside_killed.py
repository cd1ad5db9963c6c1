"""SIGKILL at the Nth call while a damaged database is set aside and a new one begun: N = 1, 2, …"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from collector.client.line import Unreachable
from collector.store.database import file_size, wal_path
from tests.faults.ground import Ground
from tests.faults.ledger import Ledger
from tests.faults.old_record import Old, lying, photographed, planted, records_of, template, unknown
from tests.faults.pages import PAGE, in_log, touched, view
from tests.faults.row import ALL_ROUNDS, Round, fault, on_fresh_ground
from tests.faults.rows.damaged import Met, judged
from tests.faults.rows.every_write import spread
from tests.faults.shim import Calls, Mode
from tests.faults.victim import Died

BATCHES = 3


@fault("set-aside-killed", "SIGKILL at the Nth call of a set-aside", quick=1, full=ALL_ROUNDS, whole=True)
def run(ground: Ground, count: int) -> Iterator[Round]:
    """All N where ``count`` allows it, or so many that lie spread over them."""
    damaged(ground)
    ground.shim.watch(Calls.ALL)
    lived_through(ground)
    total = ground.shim.count
    if not lying(ground.victim.database):
        raise Died("nothing was set aside, so nothing is tested")
    ground.victim.kill()
    for n in range(1, total + 1) if count > total else spread(ground, total, count):
        result = on_fresh_ground(f"{ground.seed}/{n}", killed_at, n)
        yield result._replace(figures={**result.figures, "calls": total})


def killed_at(ground: Ground, n: int) -> Round:
    """Every second write is torn in the middle."""
    met = damaged(ground)
    ground.shim.arm(Mode.KILL, Calls.ALL, n, half=n % 2 == 0)
    lived_through(ground)
    ground.victim.kill()
    try:
        recovery_s = ground.recover()
        return judged(ground, met._replace(recovery_s=recovery_s), own_saving=False)
    except (AssertionError, Died, TimeoutError) as error:
        raise Died(f"killed at N = {n}: {error}") from error


def damaged(ground: Ground) -> Met:
    """A record with a log beside it, of which one page of the largest table is zeros, the same each time."""
    planted(ground, "killed")
    path = ground.victim.database
    old = photographed(path, ground.own / "old.db", running=False)
    unknown(records_of(template("killed").ledger), ground.ledger)
    before = view(path)
    page = unmasked(ground, old)
    with path.open("r+b") as file:
        file.seek((page - 1) * PAGE)
        file.write(bytes(PAGE))
    image = view(path)
    hurt = touched(before, image)
    return Met(old, f"page {page}", hurt, 0.0, Ledger(), image, log_bytes=file_size(wal_path(path)))


def unmasked(ground: Ground, old: Old) -> int:
    """The first page of the largest table that no log would heal."""
    in_file = {page for where in old.layout.rows("skill_metrics").values() for page in where.own}
    return min(in_file - set(in_log(wal_path(ground.victim.database))))


def lived_through(ground: Ground) -> None:
    """A start and a few batches, or as far as it comes."""
    with suppress(Died, Unreachable, ValueError):
        ground.victim.start(ground.shim)
        ground.send("steady", BATCHES)
