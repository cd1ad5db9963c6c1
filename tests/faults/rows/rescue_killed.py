"""SIGKILL at the Nth call of the daemon after its files were deleted, while it copies what they held."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from itertools import count as counting

from collector.client.line import Unreachable
from tests.faults.ground import Ground
from tests.faults.row import ALL_ROUNDS, Round, fault, on_fresh_ground
from tests.faults.rows.every_write import spread
from tests.faults.rows.files_moved import Moved, delete_all, delete_file, delete_folder, kept
from tests.faults.shim import Calls, Mode
from tests.faults.victim import Died

DELETED: list[Moved] = [delete_file, delete_all, delete_folder]
RECORDS = 100
BATCHES = 3  # after it; the first of them makes the daemon see that its file is gone
USUAL_CALLS = 45


@fault(
    "rescue-killed",
    "SIGKILL at the Nth call after the file was deleted",
    quick=1,
    full=ALL_ROUNDS,
    whole=True,
)
def run(ground: Ground, count: int) -> Iterator[Round]:
    """All N of each way to delete it; or ``count`` of the first that lie spread over them."""
    if count < ALL_ROUNDS:
        for n in spread(ground, USUAL_CALLS, count):
            yield _round(ground, DELETED[0], n)
        return
    for delete in DELETED:
        for n in counting(1):
            yield (result := _round(ground, delete, n))
            if result.skipped or "calls" in result.figures or n > ALL_ROUNDS:
                break


def _round(ground: Ground, delete: Moved, n: int) -> Round:
    return on_fresh_ground(f"{ground.seed}/{delete.__name__}/{n}", partial(killed_at, delete=delete), n)


def killed_at(ground: Ground, n: int, *, delete: Moved) -> Round:
    """Every second write is torn in the middle. How many calls there were is a figure of the last round."""
    ground.victim.start(ground.shim)
    with ground.load():
        ground.ledger.wait_for(acknowledged=RECORDS)
    before = [*ground.ledger.batches]
    ground.shim.arm(Mode.KILL, Calls.ALL, n, half=n % 2 == 0)
    delete(ground)
    lived = _lived_on(ground)
    total = ground.shim.count
    ground.victim.kill()
    if not _is_saved(ground):
        for batch in before:  # it was killed before it could: nobody has them any more
            batch.fate = "unknown"
    try:
        recovery_s = ground.recover()
        verdict = ground.judge(*kept(ground.victim.database))
    except (AssertionError, Died, TimeoutError) as error:
        raise Died(f"{delete.__name__}, N = {n}: {error}") from error
    return Round(verdict, recovery_s, {"calls": total} if lived else {"largest N": n})


def _lived_on(ground: Ground) -> bool:
    """Whether some batches more were answered."""
    with suppress(Unreachable):
        ground.send("after", BATCHES)
        return True
    return False


def _is_saved(ground: Ground) -> bool:
    """Whether a whole copy has a name: its own, or the one of a copy that is still to get it."""
    name = ground.victim.database.name
    return ground.data.is_dir() and any(
        path.name == name or path.name.startswith(f"{name}.rescued-") for path in ground.data.iterdir()
    )
