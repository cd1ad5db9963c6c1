"""``collector db``: upgrade, downgrade, verify, stats."""

from __future__ import annotations

import re
from pathlib import Path

from collector.records.skill import Skill
from collector.store.lock import InstanceLock
from collector.terminal import display_width
from tests.answers.made import MINUTE, Made
from tests.cli.conftest import Call, plain
from tests.cli.daemon import holding


def test_a_current_database_is_told_so(made: Made, call: Call) -> None:
    """Nothing to do is no failure."""
    made.close()
    said = call("db", "upgrade")
    assert (said.code, said.err) == (0, "")
    assert said.lines[-1].startswith(f"{made.path} is up to date: the newest migration is ")


def test_what_was_taken_back_is_applied_again(made: Made, call: Call) -> None:
    """Down to nothing and up: the file is sound after it."""
    made.close()
    down = call("db", "downgrade", "--to", "nothing")
    assert down.code == 0
    assert "reverted 0001_recorder" in down.lines
    assert "older version" in down.lines[-1]
    assert "written by an older collector" in call("runs").err
    assert "applied 0001_recorder" in call("db", "upgrade").lines
    assert call("db", "verify").code == 0


def test_a_migration_whose_tables_hold_records_goes_only_when_it_is_said_so(made: Made, call: Call) -> None:
    """It would take them with it; those that are empty go at once."""
    made.add(
        Skill.record(skill_id="s", execution_ms=1, tokens_in=1, tokens_out=1, success=True, timestamp=1),
    )
    made.close()
    assert call("db", "downgrade", "--to", "0002_reported").out.startswith("reverted ")
    said = call("db", "downgrade")
    assert (said.code, said.out) == (2, "")
    assert "0002_reported back deletes 1 records: 1 of skill_metrics" in said.err
    assert call("db", "downgrade", "--to", "0001_recorder").code == 0
    assert call("db", "upgrade").code == 0
    assert call("db", "downgrade", "--to", "0002_reported").code == 0
    assert call("db", "downgrade").out.startswith("reverted 0002_reported")


def test_the_first_migration_goes_only_when_it_is_said_so(made: Made, call: Call) -> None:
    """It would take every record with it."""
    made.run("unit-tests", MINUTE)
    made.close()
    assert call("db", "downgrade", "--to", "0001_recorder").code == 0
    said = call("db", "downgrade")
    assert (said.code, said.out) == (2, "")
    assert "deletes 1 records: 1 of workload_runs" in said.err
    assert "--to nothing" in said.err


def test_an_unknown_migration_is_refused(made: Made, call: Call) -> None:
    """With the nearest name and all there are."""
    made.close()
    said = call("db", "downgrade", "--to", "0001_recordr")
    assert said.code == 2
    assert "did you mean '0001_recorder'?" in said.err
    assert "nothing, 0001_recorder" in said.err


def test_nothing_is_moved_under_a_running_recorder(made: Made, call: Call, tmp_path: Path) -> None:
    """An upgrade is none of its business, a downgrade is refused with who runs."""
    with holding(made.path, "collector run", tmp_path / "s"):
        up, down = call("db", "upgrade"), call("db", "downgrade", "--to", "nothing")
    assert up.code == 0
    assert "brought the database up to date when it started" in up.out
    assert (down.code, down.out) == (1, "")
    assert "is in use by collector run, process" in down.err


def test_the_lock_is_let_go(made: Made, call: Call) -> None:
    """Whether the command went well or not."""
    made.close()
    call("db", "upgrade")
    call("db", "downgrade")
    lock = InstanceLock(made.path)
    lock.acquire("this test")
    lock.release()


def test_verify_tells_what_it_looked_at(made: Made, process: Call) -> None:
    """A line a subject, and the verdict last."""
    said = process("db", "verify")
    assert (said.code, said.err) == (0, "")
    assert said.lines[-1] == "the database is sound"
    assert any(line.startswith("✓ pages") for line in said.lines)
    findings = process("db", "verify", "--json").json
    assert all(finding.keys() == {"check", "state", "found", "advice"} for finding in findings)


def test_verify_works_beside_a_running_recorder(made: Made, call: Call, tmp_path: Path) -> None:
    """It only reads."""
    with holding(made.path, "collector run", tmp_path / "s"):
        assert call("db", "verify").code == 0


def test_verify_says_what_is_wrong(made: Made, call: Call) -> None:
    """Exit status 1, and what to do."""
    made.conn.execute('DROP INDEX "workload_runs_workload_timestamp"')
    said = call("db", "verify")
    assert said.code == 1
    assert any(line.startswith("✗ schema") for line in said.lines)
    assert "restore a backup" in said.out
    assert said.lines[-1].startswith("the database is not sound: 1 of ")
    assert said.lines[-1].endswith(" checks failed: schema")


def test_verify_names_the_table_that_is_damaged_and_counts_the_others_alone(made: Made, call: Call) -> None:
    """What is wrong stands right above the verdict, and no mark says that all pages are in order."""
    tables = call("db", "verify", "--json").json
    root = made.conn.execute("SELECT rootpage FROM sqlite_master WHERE name = 'gaps'").fetchone()[0]
    made.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    made.close()
    with made.path.open("r+b") as file:
        file.seek(4096 * (root - 1))
        file.write(b"\xff" * 4096)
    said = call("db", "verify")
    assert said.code == 1
    assert said.lines[-1] == f"the database is not sound: 1 of {len(tables)} checks failed: pages of gaps"
    good = sum(row["check"].startswith("pages of ") for row in tables) - 1
    told = [line.split() for line in said.lines if line.startswith("✓") and "pages" in line]
    assert told == [f"✓ other pages {good} tables and their indexes are in order".split()]
    assert any(line.startswith("✗ pages of gaps") for line in said.lines[-8:])


def test_stats_show_rows_and_bytes(made: Made, call: Call) -> None:
    """Largest first, indexes below their table, with its size as a bar."""
    for n in range(300):
        made.run("unit-tests", n * MINUTE)
    made.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    said, document = call("db", "stats"), call("db", "stats", "--json").json
    assert (said.code, said.err) == (0, "")
    titles, largest, *_ = said.lines[said.lines.index("") + 1 :]
    assert titles.split()[:4] == ["table", "or", "index", "rows"]
    assert largest.split()[:2] == ["workload_runs", "300"]
    assert document["bytes"] == made.path.stat().st_size
    (runs,) = [item for item in document["objects"] if item["name"] == "workload_runs"]
    assert runs.keys() >= {"name", "type", "table", "rows", "bytes", "bytes_per_row"}
    assert runs["rows"] == 300
    assert document["migrations"][0]["name"] == "0001_recorder"


def test_on_a_terminal_tables_fit_eighty_columns(made: Made, terminal: Call) -> None:
    """Bars go first."""
    for words in (("db", "stats"), ("db", "verify")):
        lines = plain(terminal(*words).out).splitlines()
        assert max(map(display_width, lines)) <= 80


def test_after_a_downgrade_the_way_up_is_advised(made: Made, call: Call) -> None:
    """A table that a migration has yet to make is no damage."""
    made.close()
    assert "all 1 applied" not in call("db", "verify").out
    call("db", "downgrade", "--to", "nothing")
    findings = {row["check"]: row for row in call("db", "verify", "--json").json}
    assert "collector db upgrade" in findings["schema"]["advice"]
    assert "1 tables" not in call("db", "verify").out


def test_no_share_is_over_the_whole_while_pages_stand_in_the_log(made: Made, call: Call) -> None:
    """The file itself may be a page long then."""
    for n in range(500):
        made.run("unit-tests", n, detail="x" * 500)
    shares = [float(found) for found in re.findall(r"([\d.]+) %", call("db", "stats").out)]
    assert shares
    assert sum(share for share in shares) <= 101
