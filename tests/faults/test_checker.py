"""The checker finds each kind of fault, and nothing where there is none."""

from __future__ import annotations

import random
from contextlib import closing
from pathlib import Path

import pytest

from collector.sqlite import sqlite3
from tests.faults.checker import Verdict, judge
from tests.faults.clients import made
from tests.faults.ground import Ground
from tests.faults.ledger import Ledger

BALANCED = {"received": 5, "committed": 2, "duplicate": 1, "rejected": 1, "dropped": 1, "queued": 0}

HARM = {
    "lost": "DELETE FROM skill_metrics WHERE record_id LIKE 'load1-0/1/%'",
    "foreign": "UPDATE skill_metrics SET record_id = 'nobody' WHERE record_id = 'load1-0/1/0'",
    "altered": "UPDATE skill_metrics SET tokens_in = tokens_in + 1 WHERE record_id = 'load1-0/1/0'",
    "nameless": "UPDATE inference_metrics SET record_id = NULL WHERE id = 1",
    "twice": "DROP INDEX skill_metrics_record_id; UPDATE skill_metrics SET record_id ="
    " (SELECT record_id FROM skill_metrics WHERE id = 1) WHERE id = 2",
    "disorder": "UPDATE skill_metrics SET id = 1000000 WHERE record_id = 'load1-0/1/0'",
    "torn": "DELETE FROM skill_metrics WHERE record_id = 'load1-0/2/0'",
    "half a benchmark": "DELETE FROM benchmark_quality WHERE id = 1",
    "unbalanced": "UPDATE recorder_sessions SET received = received + 1",
    "unsound": "PRAGMA foreign_keys = OFF; INSERT INTO benchmark_quality SELECT 0, 'none', tests_written,"
    " tests_passing, code_coverage_percentage, linting_errors_count, NULL, type_errors_count,"
    " security_vulnerabilities_count, NULL, functional_completeness_percentage"
    " FROM benchmark_quality LIMIT 1",
}
FOUND_AS = {"altered": "foreign", "nameless": "foreign", "half a benchmark": "torn"}


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> tuple[Ledger, bytes]:
    """What a real daemon stored of the load of two clients, and their books."""
    with Ground("checker") as ground:
        ground.victim.start()
        with ground.load(clients=2, longest=10):
            ground.ledger.wait_for(acknowledged=200)
        assert ground.judge().ok
        return ground.ledger, ground.victim.database.read_bytes()


@pytest.fixture
def database(history: tuple[Ledger, bytes], tmp_path: Path) -> Path:
    """A copy of the file to be harmed."""
    path = tmp_path / "c.db"
    path.write_bytes(history[1])
    return path


@pytest.fixture
def ledger(history: tuple[Ledger, bytes]) -> Ledger:
    """The books, which are only read."""
    return history[0]


def harm(path: Path, script: str) -> None:
    """Change a stored file behind everybody's back."""
    with closing(sqlite3.connect(path)) as conn:
        conn.executescript(script)


def test_a_good_history_passes_without_a_word(ledger: Ledger, database: Path) -> None:
    """All that was acknowledged is stored, and nothing else."""
    verdict = judge(ledger, [database], BALANCED)
    assert verdict == Verdict(acknowledged=ledger.acknowledged, stored=ledger.acknowledged)
    assert verdict.ok


@pytest.mark.parametrize("name", HARM)
def test_harm_is_found_and_named(name: str, ledger: Ledger, database: Path) -> None:
    """Each in its own column, with an example in the sentence."""
    harm(database, HARM[name])
    verdict = judge(ledger, [database])
    column = FOUND_AS.get(name, name)
    assert getattr(verdict, column) > 0
    assert not verdict.ok
    assert f" {column}: " in verdict.sentence


def test_a_damaged_page_is_unsound(ledger: Ledger, database: Path) -> None:
    """Zeros in the middle of the file, which a SELECT may well pass by."""
    content = bytearray(database.read_bytes())
    content[8 * 4096 : 12 * 4096] = bytes(4 * 4096)
    database.write_bytes(content)
    assert judge(ledger, [database]).unsound > 0


def test_a_file_that_is_gone_loses_everything(ledger: Ledger, tmp_path: Path) -> None:
    """It holds nothing, which is only consistent."""
    verdict = judge(ledger, [tmp_path / "c.db"])
    assert (verdict.lost, verdict.holes, verdict.unsound) == (ledger.acknowledged, 0, 0)
    assert verdict.ok_but_for_a_suffix


def test_a_record_in_a_file_set_aside_is_not_lost(ledger: Ledger, database: Path, tmp_path: Path) -> None:
    """Nor is it stored twice when it was salvaged into the new one."""
    aside = tmp_path / "c.db.damaged"
    aside.write_bytes(database.read_bytes())
    harm(database, "DELETE FROM skill_metrics WHERE id % 2")
    assert judge(ledger, [database, aside]).ok


def test_a_loss_in_the_middle_is_no_suffix(ledger: Ledger, database: Path) -> None:
    """A power cut may take the newest of a source with `normal`, and only that."""
    harm(database, HARM["lost"])
    assert judge(ledger, [database]).holes > 0


def test_counters_that_do_not_add_up_are_found(ledger: Ledger, database: Path) -> None:
    """received = committed + duplicate + rejected + dropped + queued."""
    assert judge(ledger, [database], BALANCED | {"dropped": 0}).unbalanced == 1


def test_what_was_refused_must_not_be_stored(ledger: Ledger, database: Path) -> None:
    """A batch that was answered busy is not taken."""
    refused = Ledger()
    refused.batches = [*ledger.batches]
    batch = refused.sent(ledger.batches[0].records)
    refused.batches.remove(ledger.batches[0])
    refused.attempted(batch)
    refused.answered(batch, {"result": "busy", "retry_after_ms": 200})
    assert judge(refused, [database]).foreign == len(batch.records)


@pytest.mark.parametrize(
    "answer",
    [
        {"result": "committed", "committed": 4, "duplicate": 0, "rejected": []},
        {"result": "duplicate", "committed": 0, "duplicate": 5, "rejected": []},
        {"result": "committed", "committed": 3, "duplicate": 2, "rejected": []},
    ],
)
def test_an_answer_that_cannot_be_true_is_found(answer: dict[str, object], tmp_path: Path) -> None:
    """Too few records, a duplicate of what was never sent, a batch that was stored in part."""
    ledger = Ledger()
    batch = ledger.sent(made("one", 1, 5))
    ledger.attempted(batch)
    ledger.answered(batch, answer)
    assert judge(ledger, [tmp_path / "c.db"]).unbalanced == 1


def test_a_second_answer_may_be_duplicate() -> None:
    """Where the first one never came."""
    ledger = Ledger()
    batch = ledger.sent(made("one", 1, random.Random(1).randint(2, 9)))
    ledger.attempted(batch)
    ledger.attempted(batch)
    ledger.answered(
        batch, {"result": "duplicate", "committed": 0, "duplicate": len(batch.records), "rejected": []}
    )
    assert (batch.complaint, ledger.acknowledged) == ("", len(batch.records))
