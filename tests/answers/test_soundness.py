"""What `collector db verify` looks at, and what it finds on damaged files."""

from __future__ import annotations

import pytest

from collector.answers import soundness
from collector.answers.soundness import Finding
from collector.orm import peewee
from tests.answers.made import MINUTE, Made


def look(made: Made) -> dict[str, Finding]:
    """Run every check; what each found."""
    with made.reader() as database:
        found = [soundness.look(check) for check in soundness.checks(database, made.path)]
    return {finding.check: finding for finding in found}


def test_a_file_of_ours_is_sound(made: Made) -> None:
    """Every check says so, the pages of every table among them."""
    made.run("unit-tests", MINUTE)
    found = look(made)
    assert {name for name, finding in found.items() if finding.state == "wrong"} == set()
    assert found["pages of workload_runs"].state == "ok"
    assert found.keys() >= {"library", "mark", "migrations", "schema", "pragmas", "wal", "foreign keys"}


def test_what_somebody_added_is_told_and_sound(made: Made) -> None:
    """A view of one's own is nobody's harm."""
    made.conn.execute("CREATE VIEW mine AS SELECT 1")
    finding = look(made)["schema"]
    assert (finding.state, "added by somebody: view mine" in finding.found) == ("ok", True)


@pytest.mark.parametrize(
    ("harm", "check", "said"),
    [
        (
            'DROP INDEX "workload_runs_workload_timestamp"',
            "schema",
            "workload_runs_workload_timestamp is missing",
        ),
        ("CREATE UNIQUE INDEX strange ON gaps (reason)", "schema", "index strange is not known"),
        ("PRAGMA user_version = 99", "mark", "version 99"),
        ("DELETE FROM schema_migration", "migrations", "missing: 0001_recorder"),
        (
            "UPDATE schema_migration SET name = '9999_future' WHERE name LIKE '0001%'",
            "migrations",
            "not known here: 9999_future",
        ),
    ],
)
def test_a_file_that_was_changed_is_found(made: Made, harm: str, check: str, said: str) -> None:
    """With what differs, and with what to do about it."""
    made.conn.execute(harm)
    finding = look(made)[check]
    assert finding.state == "wrong"
    assert said in finding.found
    assert finding.advice


def test_overwritten_pages_are_found(made: Made) -> None:
    """Whatever SQLite stumbles over is a finding, not a traceback."""
    for n in range(2000):
        made.run("unit-tests", n * MINUTE)
    made.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    made.close()
    with made.path.open("r+b") as file:
        file.seek(4096 * (made.path.stat().st_size // 4096 * 3 // 4))
        file.write(b"\xff" * 8192)
    found = look(made)
    assert [finding for finding in found.values() if finding.state == "wrong"]


def test_a_check_that_sqlite_refuses_is_a_finding(made: Made) -> None:
    """Under its own name: the file may be damaged in the very place that it reads first."""

    def refused() -> Finding:
        raise peewee.DatabaseError("database disk image is malformed")

    finding = soundness.look(soundness.Check("pages of gaps", refused))
    assert (finding.state, finding.check) == ("wrong", "pages of gaps")
    assert "malformed" in finding.found
