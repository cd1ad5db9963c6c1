"""However a log is cut into chunks, and wherever reading begins again, the executions are the same."""

from __future__ import annotations

from itertools import accumulate

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.intake.tails.pieces import in_pieces
from tests.intake.tails.postgresql.reading import DESTINATIONS, in_chunks, parser, read
from tests.servers.postgresql import PostgreSQL

SCRIPT = """SELECT 'a
2026-11-22 12:00:00.000 UTC [1] LOG:  duration: 1.000 ms  statement: forged
"
' AS q;
SET auto_explain.log_min_duration = 0;
SELECT * FROM t
WHERE b = '
'; SELECT nope;
SET log_min_duration_statement = -1;
SELECT 1; SELECT 1; SELECT 2 \\; SELECT 3;
SET log_statement = 'all'; SET log_duration = on;
SELECT
 4; SELECT nope; SELECT 5;
"""
EXPLAIN = "-c auto_explain.log_min_duration=0"


class Logs(dict[str, bytes]):
    """By their destination; a failing test does not print them."""

    def __repr__(self) -> str:
        return f"{len(self)} logs"


few = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="session")
def mixed(bench: PostgreSQL) -> Logs:
    """Logs of a bit of everything, by several sessions at once."""
    bench.rotate_logs()
    bench.psql(SCRIPT, check=False)
    for mode in ("simple", "extended", "prepared"):
        bench.pgbench("-n", "-c", "3", "-t", "2", "-M", mode, options=EXPLAIN)
    everything = f"{EXPLAIN} -c log_min_duration_statement=-1 -c log_statement=all -c log_duration=on"
    bench.pgbench("-n", "-c", "2", "-t", "2", "-M", "extended", options=everything)
    return Logs({name: path.read_bytes() for name, path in bench.rotate_logs().items()})


@pytest.mark.parametrize("destination", DESTINATIONS)
@few
@given(data=st.data())
def test_chunks_do_not_matter(mixed: Logs, destination: str, data: st.DataObject) -> None:
    """Also where one ends in the middle of an entry."""
    log = mixed[destination]
    reading = parser()
    found = in_chunks(reading, in_pieces(data, log))
    assert sorted(found) == sorted(read(log))
    assert reading.unread.lines == 0


@pytest.mark.parametrize("destination", DESTINATIONS)
@few
@given(data=st.data())
def test_reading_begins_again_where_the_first_line_was_held(
    mixed: Logs, destination: str, data: st.DataObject
) -> None:
    """What was given away and comes again is known by its place; by then it is stored."""
    log = mixed[destination]
    reading = parser()
    ends = [0, *accumulate(len(line) for line in log.splitlines(keepends=True))]
    cut = data.draw(st.sampled_from(ends))
    before = reading.feed(log[:cut], 0)
    again = cut if reading.held_from is None else reading.held_from
    assert again in ends
    assert again <= cut
    after = in_chunks(parser(), [log[again:]], again)
    found = {one.offset: one for one in [*after, *before]}
    assert sorted(found.values()) == sorted(read(log))


@pytest.mark.parametrize("destination", DESTINATIONS)
def test_when_all_is_told_nothing_is_held(mixed: Logs, destination: str) -> None:
    """After a second of quiet; only what still runs is waited for."""
    reading = parser()
    reading.feed(mixed[destination], 0)
    reading.quiet()
    assert reading.held_from is None
    assert reading.quiet() == []


def test_what_runs_is_waited_for_through_quiet() -> None:
    """A slow statement is said to run long before its duration is."""
    line = b"2026-11-22 12:00:00.000 UTC [7] LOG:  "
    reading = parser()
    assert reading.feed(line + b"statement: SELECT 1\n", 100) == []
    assert reading.quiet() == []
    assert reading.held_from == 100
    reading.feed(line + b"duration: 90.500 ms\n", 200)
    (one,) = reading.quiet()
    assert (one.sql, one.duration_ms) == ("SELECT 1", 90.5)
    assert reading.held_from is None
