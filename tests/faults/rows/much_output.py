"""A workload that writes as fast as it can."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from pathlib import Path

from tests.faults.ground import Ground
from tests.faults.marked import Marked
from tests.faults.row import Round, fault
from tests.faults.ticks import until
from tests.faults.victim import SAMPLING

# 2 MB are the pages of the load's records and of the run's own row.
BARS = {"MB grown": 2, "kept, bytes": 64 << 10}
LEFT_OUT = re.compile(r"\n\[\.\.\. \d+ bytes left out \.\.\.\]\n")
ROW = "SELECT outcome, output_bytes, output FROM workload_runs WHERE workload = 'much' AND output_bytes > 0"


@fault("much-output", "so many MB of output from a workload", quick=20, full=1000, whole=True, bars=BARS)
def run(ground: Ground, count: int) -> Iterator[Round]:
    """The beginning is kept, the rest is counted, and the daemon grows by none of it."""
    size = count * 1_000_000
    with Marked(ground) as mark:
        script = f"yes 'as fast as it can' | head -c {size}"
        ground.victim.configure()
        ground.victim.start()
        with ground.load(batches_per_s=20):
            ground.ledger.wait_for(acknowledged=1000)  # by then it has its usual size
            ground.victim.running.send_signal(signal.SIGHUP)
            ground.victim.wait_for_event("config.reloaded", lambda event: event["workloads"] == 0)
            before, sizes = resident_mb(ground), [0.0]
            ground.victim.configure(SAMPLING + mark.workload("much", ["sh", "-c", script], 300))
            ground.victim.running.send_signal(signal.SIGHUP)

            def looked() -> list[tuple[str, int, str]]:
                sizes.append(resident_mb(ground))
                return ground.victim.rows(ROW)

            ((outcome, written, output), *_) = until(looked, "the run's row", 300)
        verdict = ground.judge()
        mark.none_is_left()
    assert (outcome, written) == ("ok", size), f"{outcome} with {written} bytes instead of {size}"
    kept = len(LEFT_OUT.sub("", output).encode())
    yield Round(verdict, None, {"MB grown": max(sizes) - before, "kept, bytes": kept})


def resident_mb(ground: Ground) -> float:
    """What the daemon has in memory."""
    status = Path(f"/proc/{ground.victim.running.pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")) / 1024
