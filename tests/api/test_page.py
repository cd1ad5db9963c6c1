"""docs/python.md runs as it stands there, and what a type checker is told is what the models say."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from collector.api import Recording
from collector.client import Line
from tests.api.running import Running

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/python.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("beside", [False, True])
def test_the_examples_run_one_after_the_other(tmp_path: Path, beside: bool) -> None:
    """They check themselves; without a daemon, and beside one."""
    daemon = Running(tmp_path / "measured.db") if beside else None
    code = "\n".join(EXAMPLES)
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=50
    )
    assert (done.returncode, done.stderr) == (0, "")
    if daemon:
        assert daemon.counts.committed > 0
        daemon.stop()


def test_the_line_for_other_languages_is_understood(daemon: Running) -> None:
    """As it stands there, but on one line."""
    (line,) = re.findall(r"^```json\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    with Line(daemon.server.path) as connected:
        assert connected.ask(json.loads(line)) == {"result": "committed", "changed": [1, 1, 0]}


def test_every_method_is_on_the_page() -> None:
    """In the table of what there is."""
    public = {name for name in vars(Recording) if not name.startswith("_")} | {"create"}
    assert public == set(re.findall(r"`(\w+)\([^`]*\)`", PAGE.split("## Together")[0]))


def rendered() -> Any:
    """The program that writes the types."""
    spec = importlib.util.spec_from_file_location("render_columns", ROOT / "docs/render_columns.py")
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def test_the_types_are_made_from_the_models() -> None:
    """Whoever adds a column adds it there."""
    made = rendered()
    assert made.PLACE.read_text(encoding="utf-8") == made.module(), "run `python docs/render_columns.py`"


WRONG = """
import collector

record = collector.open("x.db")
key: str = record.create(
    "skill", skill_id="a", execution_ms=1, tokens_in=1, tokens_out=1, success=True, timestamp="2026-01-01"
)
record.create("skill", skill_id="a", execution_ms=1, tokens_in=1, tokens_out=1)  # success is missing
record.create("skill", skill_id=1, execution_ms=1, tokens_in=1, tokens_out=1, success=True)
record.create("skill", skill="a", execution_ms=1, tokens_in=1, tokens_out=1, success=True)
record.create("skil", skill_id="a")
"""


@pytest.mark.long
def test_a_type_checker_sees_what_is_wrong_with_a_record(tmp_path: Path) -> None:
    """A column that is missing, of another type, or unknown; an unknown kind."""
    script = tmp_path / "script.py"
    script.write_text(WRONG, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--cache-dir", ROOT / ".mypy_cache", script],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=55,
    )  # fmt: skip
    lines = {int(line) for line in re.findall(r"script\.py:(\d+): error", done.stdout)}
    assert lines == {8, 9, 10, 11}, done.stdout
