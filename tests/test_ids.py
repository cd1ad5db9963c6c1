"""Ids of records that come without one: in order, and never the same twice."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from collector.submit.ids import new_id


def test_ids_of_a_process_sort_as_they_were_made() -> None:
    """So an index takes them at its end."""
    made = [new_id() for _ in range(1_000)]
    assert made == sorted(set(made))
    assert len({one.partition("-")[0] for one in made}) == 1


def test_threads_never_get_the_same_id() -> None:
    """However many ask at once."""
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: [new_id() for _ in range(2_000)], range(8)))
    assert len({one for some in made for one in some}) == 16_000


def test_a_child_has_ids_of_its_own() -> None:
    """A fork copies the counter."""
    code = (
        "import os\nfrom collector.submit.ids import new_id\nnew_id()\n"
        "child = os.fork()\nchild and os.waitpid(child, 0)\nprint(new_id(), flush=True)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True
    )
    first, second = done.stdout.split()
    assert first.partition("-")[0] != second.partition("-")[0]
