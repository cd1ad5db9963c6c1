"""docs/client.md: its examples run against a real socket, and what it lists is what there is."""

from __future__ import annotations

import inspect
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

import collector.client
from collector.client import Client
from collector.records.base import pushed_kinds
from tests.intake.served import Served

PAGE = (Path(__file__).parents[2] / "docs/client.md").read_text(encoding="utf-8")
EXAMPLES = dict(re.findall(r"^### (\w+)\n+```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL))
STORED = {
    "Record": {"skill": 1},
    "Block": {"inference": 1},
    "Function": {"operation": 3, "skill": 1, "run": 1},
    "Client": {"run": 2},
    "Full": {},
    "Fork": {"run": 2},
}
# Of interest to commands that ask the daemon, not to applications that report.
FOR_COMMANDS = {"Line", "Unreachable", "short"}
# What annotations name; the page shows what they do.
TYPES = {"Span", "Timed"}


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """A running one, with an empty file."""
    made = Served(tmp_path)
    yield made
    made.stop()


def run(example: str, served: Served, folder: Path) -> None:
    """Run an example as an application of its own, which finds the socket by the variable."""
    done = subprocess.run(
        [sys.executable, "-c", example],
        env={**os.environ, "COLLECTOR_SOCKET": str(served.socket)},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=50,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("title", EXAMPLES)
def test_each_example_runs_and_stores_what_it_records(title: str, served: Served, tmp_path: Path) -> None:
    """All of it, and nothing is refused."""
    run(EXAMPLES[title], served, tmp_path)
    stored = Counter({kind: served.stored(kind) for kind in pushed_kinds()})
    assert +stored == Counter(STORED[title])
    assert served.counts().rejected == 0


def test_functions_are_recorded_as_the_page_says(served: Served, tmp_path: Path) -> None:
    """Under their names, and the one that raised as failed."""
    run(EXAMPLES["Function"], served, tmp_path)
    operations = served.rows("SELECT metric_type, metric_name, success FROM operation_metrics")
    assert Counter(operations) == {("query", "load_orders", 1): 2, ("api", "GET /orders", 1): 1}
    assert served.rows("SELECT skill_id, success FROM skill_metrics") == [("stream", 1)]
    assert served.rows("SELECT workload, outcome FROM workload_runs") == [("import", "failed")]


def test_every_example_is_run() -> None:
    """None stands there that nobody tries."""
    assert len(EXAMPLES) == PAGE.count("```python")
    assert EXAMPLES.keys() == STORED.keys()


def test_every_option_stands_there_with_its_default() -> None:
    """In the table of options, in their order."""
    options = inspect.signature(Client).parameters.values()
    table = re.findall(r"^\| `(\w+)` \| ([\w.,]+)", PAGE.split("### Client")[1], re.MULTILINE)
    told = [(name, default.replace(",", "")) for name, default in table if name != "socket"][:5]
    assert told == [(option.name, str(option.default)) for option in options if option.name != "socket"]


def test_every_counter_stands_there() -> None:
    """In the order of the answer."""
    section = PAGE.split("## Counters")[1].split("\n## ")[0]
    with Client("nobody-listens.sock") as client:
        assert re.findall(r"^\| `(\w+)`", section, re.MULTILINE) == list(client.counters())


def test_every_function_stands_there() -> None:
    """All that applications use."""
    for name in set(collector.client.__all__) - FOR_COMMANDS - TYPES:
        assert re.search(rf"`{name}\b", PAGE), name


def test_every_kind_stands_there() -> None:
    """As the daemon takes them."""
    assert f"({', '.join(f'`{name}`' for name in sorted(pushed_kinds()))})" in PAGE
