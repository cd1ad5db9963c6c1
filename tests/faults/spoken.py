"""Commands called in this process, and what no command may ever say or do."""

from __future__ import annotations

import time
from typing import NamedTuple

from click.testing import CliRunner

from collector.commands import main

LONGEST_LINE = 2_000  # characters; a table is not cut where it is piped, but no cell is endless
MOST_CPU_S = 2.0


class Said(NamedTuple):
    """How a command ended, what it said, and what it took; ``is_mute`` when its stderr went elsewhere."""

    code: int
    out: str
    err: str
    wall_s: float = 0.0
    cpu_s: float = 0.0
    is_mute: bool = False


def call(words: list[str], environment: dict[str, str | None], stdin: bytes = b"") -> Said:
    """Run a command in this process. What it raises comes through: a person would see a traceback."""
    wall, cpu = time.monotonic(), time.process_time()
    with CliRunner(env=environment).isolation(input=stdin) as (out, err, _):
        code = main(words)
        took = time.monotonic() - wall, time.process_time() - cpu
        return Said(code, out.getvalue().decode(), err.getvalue().decode(), *took)
