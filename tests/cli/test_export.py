"""``collector export``: everything, for other programs, and back again."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from collector.answers import rows
from collector.intake import protocol
from collector.records.base import KINDS, Arrival, pushed_kinds
from collector.records.skill import Skill
from tests.answers.made import MINUTE, Made
from tests.answers.sample import add_all
from tests.cli.conftest import Call

pytestmark = pytest.mark.long

everywhere = pytest.mark.parametrize("name", list(KINDS))


@pytest.fixture
def full(made: Made) -> Made:
    """Three rows of every kind."""
    add_all(made)
    return made


def skills(made: Made, count: int) -> None:
    """So many executions, a minute apart."""
    records = [
        Skill.record(
            skill_id=f"skill-{n % 5}", execution_ms=1.5, tokens_in=1, tokens_out=1, success=True,
            timestamp=made.now_ms - n * 10,
        )
        for n in range(count)
    ]  # fmt: skip
    made.conn.execute("BEGIN")
    made.conn.executemany(*KINDS["skill"].statement(records))
    made.conn.execute("COMMIT")


def without_number(kind: Any, found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows as two databases can agree on them."""
    return [{name: value for name, value in row.items() if name != "id"} for row in found]


@everywhere
def test_every_kind_comes_as_json_lines(full: Made, call: Call, name: str) -> None:
    """One object a line that names its kind; no nulls, and no number of ours."""
    said = call("export", name)
    lines = [json.loads(line) for line in said.lines]
    assert (said.code, said.err, len(lines)) == (0, "", 3)
    for line in lines:
        assert line["kind"]
        assert None not in line.values()
        assert "record_id" not in line
        assert isinstance(line.get("id", ""), str)


@everywhere
def test_every_kind_comes_as_csv(full: Made, call: Call, name: str) -> None:
    """The same lines as `show --csv`, oldest first."""
    exported = list(csv.reader(io.StringIO(call("export", name, "--format", "csv").out, newline="")))
    shown = list(csv.reader(io.StringIO(call("show", name, "--csv").out, newline="")))
    assert exported[0] == shown[0]
    assert sorted(exported[1:]) == sorted(shown[1:])


@pytest.mark.parametrize("name", list(pushed_kinds()))
def test_what_was_exported_can_be_sent_again(full: Made, tmp_path: Path, call: Call, name: str) -> None:
    """Every line is accepted, and the rows it makes are those that were exported."""
    kind = KINDS[name]
    lines = call("export", name).out.encode().splitlines()
    other = Made(tmp_path / "other.db", full.now_ms)
    for line in lines:
        delivery = protocol.parse(line, Arrival(full.now_ms + 5))
        assert isinstance(delivery, protocol.Delivery)
        assert delivery.rejected == []
        other.add(*delivery.records)
        for part in kind.parts:
            other.conn.executemany(*part.statement(delivery.records))
    with full.reader() as first, other.reader() as second:
        assert without_number(kind, rows.rows(second, kind)) == without_number(kind, rows.rows(first, kind))
    other.close()


def test_the_oldest_come_first_and_filters_narrow_it(made: Made, call: Call) -> None:
    """The filters are those of `show`."""
    for n in (3, 1, 2):
        made.run("health" if n < 3 else "other", n * MINUTE)
    lines = [json.loads(line) for line in call("export", "run", "--workload", "health").lines]
    assert [made.now_ms - line["timestamp"] for line in lines] == [2 * MINUTE, MINUTE]
    assert call("export", "run", "--since", "30s").out == ""


def test_a_file_is_there_only_when_it_is_whole(full: Made, tmp_path: Path, call: Call) -> None:
    """And is not replaced unless that is asked for; nothing else is left in the folder."""
    folder = tmp_path / "out"
    folder.mkdir()
    target = folder / "skills.jsonl"
    said = call("export", "skill", "--output", str(target))
    assert (said.code, said.out, said.err) == (0, "", "")
    assert len(target.read_text(encoding="utf-8").splitlines()) == 3
    again = call("export", "skill", "--output", str(target))
    assert again.code == 2
    assert f"{target} is there already" in again.err
    assert call("export", "gap", "--output", str(target), "--force").code == 0
    assert '"kind":"gap"' in target.read_text(encoding="utf-8")
    assert list(folder.iterdir()) == [target]


def test_a_file_that_cannot_be_finished_is_taken_away(full: Made, tmp_path: Path, config: Path) -> None:
    """With a sentence: here the disk takes no more than a few bytes."""
    folder = tmp_path / "out"
    folder.mkdir()
    command = f"ulimit -f 0; trap '' XFSZ; {sys.executable} -B -m collector export skill --config {config}"
    done = subprocess.run(
        ["bash", "-c", f"{command} --output {folder / 'x'}"],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.splitlines()[0] == f"error: {folder / 'x'}: File too large"
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(("place", "told"), [("nowhere/x", "No such file"), (".", "is no file")])
def test_a_place_that_takes_no_file_is_told(
    full: Made, tmp_path: Path, call: Call, place: str, told: str
) -> None:
    """Without a traceback."""
    said = call("export", "skill", "--output", str(tmp_path / place))
    assert said.code in (1, 2)
    assert told in said.err.splitlines()[0]


def test_a_link_still_leads_to_what_is_replaced(full: Made, tmp_path: Path, call: Call) -> None:
    """The link is not what somebody wants to lose."""
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_text("before", encoding="utf-8")
    link.symlink_to(target)
    assert call("export", "skill", "--output", str(link), "--force").code == 0
    assert link.is_symlink()
    assert '"kind":"skill"' in target.read_text(encoding="utf-8")


def test_texts_are_utf_8_whatever_the_locale(full: Made, process: Call) -> None:
    """Nothing becomes a question mark."""
    said = process("export", "operation", PYTHONIOENCODING="ascii")
    assert json.loads(said.lines[0])["metadata"]["list"] == ["a", "ü"]


def test_a_reader_that_stops_early_is_no_error(made: Made, config: Path) -> None:
    """`collector export skill | head -1` ends quietly."""
    skills(made, 20_000)
    command = f"set -o pipefail; {sys.executable} -m collector export skill --config {config} | head -c 5"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, '{"kin', "")


def test_on_a_terminal_no_text_can_steer_it(made: Made, terminal: Call) -> None:
    """JSON leaves some of what could."""
    made.add(Skill.record(skill_id="a\x9b\u202eb", execution_ms=1, tokens_in=1, tokens_out=1, success=True,
                          timestamp=made.now_ms))  # fmt: skip
    for words in ([], ["--format", "csv"]):
        out = terminal("export", "skill", *words).out
        assert "\x9b" not in out
        assert r"\u202e" in out


PEAK = """
import re, sys
from collector.commands import main
code = main(sys.argv[1:])
status = open("/proc/self/status").read()
print(re.search(r"VmHWM:\\s+(\\d+)", status)[1], file=sys.stderr)
sys.exit(code)
"""


def test_memory_stays_flat_however_many_rows(made: Made, config: Path) -> None:
    """200,000 of them take no more than a fifth of them."""
    skills(made, 200_000)
    peaks = []
    for words in (["--skill", "skill-1"], []):
        done = subprocess.run(
            [sys.executable, "-c", PEAK, "export", "skill", *words, "--config", str(config)],
            capture_output=True, timeout=60, check=True,
        )  # fmt: skip
        assert len(done.stdout.splitlines()) == (40_000 if words else 200_000)
        peaks.append(int(done.stderr))
    assert peaks[1] - peaks[0] < 4_000, peaks
