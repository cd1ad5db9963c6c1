"""The examples of docs/hooks.md run as they stand there, each in a process of its own."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import collector.client.hooks
from tests.client.hooks.conftest import Server

PAGE = (Path(__file__).parents[3] / "docs/hooks.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
HOOKS = {"dbapi", "sqlalchemy", "sqlalchemy_pool", "peewee", "requests", "httpx", "wsgi", "asgi"}

# In place of the daemon stands the recorder for tests, which says at the end what it was told.
AROUND = """
import atexit, json, sys
import collector.client
from collector.client.hooks.base import Kept

told = Kept()
collector.client.record = told.record
atexit.register(lambda: print(json.dumps(told.records), file=sys.stderr))
"""


def run(example: str, folder: Path) -> list[tuple[str, dict[str, Any]]]:
    """What an example records."""
    done = subprocess.run(
        [sys.executable, "-c", AROUND + example],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=50,
    )
    assert done.returncode == 0, done.stderr
    records: list[tuple[str, dict[str, Any]]] = json.loads(done.stderr.splitlines()[-1])
    return records


@pytest.mark.parametrize("example", EXAMPLES[1:], ids=re.findall(r"^### (\w+)", PAGE, re.MULTILINE))
def test_each_example_runs_and_records(example: str, server: Server, tmp_path: Path) -> None:
    """And tells nothing of what it was given."""
    records = run(example.replace("http://127.0.0.1:8080", server.url), tmp_path)
    assert len(records) >= 1
    assert all(fields.get("success", True) for _, fields in records)
    assert "never-told" not in repr(records)


def test_the_first_example_shows_how_to_test(tmp_path: Path) -> None:
    """It checks itself, and tells nobody else."""
    assert run(EXAMPLES[0], tmp_path) == []


def test_every_hook_has_an_example_and_says_what_it_cannot_see() -> None:
    """On the page and in its own file."""
    folder = Path(collector.client.hooks.__file__).parent
    for hook in HOOKS:
        assert any(re.search(rf"\b{hook}\.\w", example) for example in EXAMPLES), hook
        assert "\n| not seen | why |\n" in (folder / f"{hook}.py").read_text(encoding="utf-8")
    shared = {"__init__", "base", "cursor", "forward", "statement", "web"}
    assert {path.stem for path in folder.glob("*.py")} == HOOKS | shared


def test_importing_the_client_loads_no_hook_and_the_hooks_no_library() -> None:
    """What an application does not use costs it nothing."""
    code = (
        "import sys, collector.client; assert 'collector.client.hooks' not in sys.modules\n"
        "from collector.client.hooks import asgi, dbapi, peewee, wsgi\n"
        "print(*sys.modules.keys() & {'sqlite3', 'peewee', 'flask', 'starlette', 'asyncio', 'ssl'})"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30
    )
    assert done.stdout.strip() == ""
