"""Digests: what SQL works out of a stretch is what its rows say, and comes back from JSON as it was."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from collector import sketch
from collector.store import digests, stretches
from collector.store.digests import Digest, Figures
from collector.store.seen import Ends
from collector.store.stretches import Kept, Stretch, covering, loose
from collector.store.topics import TOPICS, Topic
from tests.answers.conftest import NOW
from tests.answers.made import Made
from tests.answers.reported import SPECS, add, grouped

everywhere = pytest.mark.parametrize("topic", list(TOPICS))


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Made]:
    """An empty record; tests add to it."""
    record = Made(tmp_path / "c.db", NOW)
    yield record
    record.close()


def of(made: Made, topic: Topic, low: int, high: int) -> Digest:
    """The digest of some rows."""
    rows = made.conn.execute(digests.statement(topic), (low, high))
    return digests.load(topic, digests.dump_rows(topic, rows))


def plain(figures: Figures) -> dict[str, Any]:
    """Figures to be compared: sums only nearly, since the order of adding differs."""
    near = [pytest.approx(value, rel=1e-9) if isinstance(value, float) else value for value in figures.more]
    return {
        "counts": (figures.count, figures.timed, figures.judged, figures.failed),
        "bounds": (figures.low, figures.high),
        "total": pytest.approx(figures.total, rel=1e-9),
        "more": near,
        "buckets": figures.sketched(),
    }


@everywhere
def test_sql_and_rows_say_the_same(made: Made, topic: str) -> None:
    """Of every key: counts, failures, bounds, sums, and how many times lie in each bucket."""
    rows, spec = add(made, topic, 500), SPECS[topic]
    digest = of(made, TOPICS[topic], 1, 500)
    groups = grouped(topic, rows)
    assert digest.keys.keys() == groups.keys()
    for key, group in groups.items():
        values = [value for row in group if (value := spec.value(row)) is not None]
        judged = [failed for row in group if spec.judged and (failed := spec.failed(row)) is not None]
        figures, buckets = digest.keys[key], dict[int, int]()
        sketch.add(buckets, values)
        assert (figures.count, figures.timed) == (len(group), len(values))
        assert (figures.judged, figures.failed) == (len(judged), sum(judged))
        assert (figures.low, figures.high) == (min(values, default=None), max(values, default=None))
        assert figures.total == pytest.approx(sum(values))
        assert figures.sketched() == buckets
    moments = [row[spec.moment] for row in rows if spec.kept(row)]
    assert (digest.first_ms, digest.last_ms) == (min(moments), max(moments))


@everywhere
def test_the_rows_of_a_stretch_are_those_of_its_digest(made: Made, topic: str) -> None:
    """Both statements look at the same row numbers."""
    add(made, topic, 100)
    rows = made.conn.execute(digests.rows_statement(TOPICS[topic]), (11, 90, 0, 1 << 62)).fetchall()
    found = dict(digests.of_keys(TOPICS[topic], rows))
    counts = {key: figures.count for key, figures in of(made, TOPICS[topic], 11, 90).keys.items()}
    assert {key: figures.count for key, figures in found.items()} == counts
    assert all(len(figures.values) == figures.timed for figures in found.values())


@everywhere
def test_json_gives_back_what_it_took(made: Made, topic: str) -> None:
    """Odd names and nulls included."""
    add(made, topic, 300)
    digest = of(made, TOPICS[topic], 1, 300)
    back = digests.load(TOPICS[topic], digests.dump(digest))
    assert (back.first_ms, back.last_ms) == (digest.first_ms, digest.last_ms)
    assert {key: plain(f) for key, f in back.keys.items()} == {
        key: plain(f) for key, f in digest.keys.items()
    }


@everywhere
def test_joined_digests_are_the_digest_of_all(made: Made, topic: str) -> None:
    """However the rows are cut, and whether they were kept in between."""
    add(made, topic, 400)
    whole = digests.nothing()
    for low, high in ((1, 1), (2, 150), (151, 399), (400, 400)):
        part = of(made, TOPICS[topic], low, high)
        digests.join(TOPICS[topic], whole, digests.load(TOPICS[topic], digests.dump(part)))
    all_of_it = of(made, TOPICS[topic], 1, 400)
    assert (whole.first_ms, whole.last_ms) == (all_of_it.first_ms, all_of_it.last_ms)
    assert whole.keys.keys() == all_of_it.keys.keys()
    for key, figures in whole.keys.items():
        assert plain(figures) == plain(all_of_it.keys[key])


def test_a_stretch_without_a_row_of_the_topic_is_nothing(made: Made) -> None:
    """Operations of nobody are in no user's digest; it lies in no window, and misses none it could be in."""
    made.conn.executemany(
        "INSERT INTO operation_metrics (metric_type, metric_name, duration_ms, timestamp)"
        " VALUES ('api', 'a', 1.0, ?)",
        [(n,) for n in range(9)],
    )
    digest = of(made, TOPICS["users"], 1, 9)
    assert digest == digests.nothing()
    assert digests.load(TOPICS["users"], digests.dump(digest)) == digest


@pytest.mark.parametrize(
    ("low", "high", "first", "behind"),
    [(1, 31, 0, 32), (1, 32, 0, 32), (5, 700, 32, 672), (32, 63, 32, 64), (40, 3000, 64, 2976),
     (1, 10_000, 0, 9984)],
)  # fmt: skip
def test_stretches_cover_every_full_one_once(
    monkeypatch: pytest.MonkeyPatch, low: int, high: int, first: int, behind: int
) -> None:
    """Without a gap, and what lies before and behind them is the rest."""
    monkeypatch.setattr(stretches, "ROWS", 32)
    at = first
    for stretch in covering(Ends(low, high)):
        assert stretch.ends.low == at
        at = stretch.ends.high + 1
    assert at == behind
    around = [row for part in loose(Ends(low, high)) for row in range(part.low, part.high + 1)]
    assert around == [*range(low, first), *range(behind, high + 1)]


@pytest.mark.parametrize(("low", "high"), [(1, 1), (1, 30), (33, 63), (40, 90), (40, 64)])
def test_where_no_stretch_is_full_all_rows_are_loose(
    monkeypatch: pytest.MonkeyPatch, low: int, high: int
) -> None:
    """And each of them once."""
    monkeypatch.setattr(stretches, "ROWS", 32)
    assert list(covering(Ends(low, high))) == []
    assert loose(Ends(low, high)) == [(low, high)]


def test_parts_make_up_the_whole() -> None:
    """Four of them, one after the other."""
    stretch = Stretch(2, 3)
    assert stretch.parts[0].ends.low == stretch.ends.low
    assert stretch.parts[-1].ends.high == stretch.ends.high
    assert [part.ends.low for part in stretch.parts[1:]] == [part.ends.high + 1 for part in stretch.parts[:3]]


def test_a_digest_that_went_since_is_made_again(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its name was seen, and then somebody deleted rows of the table."""
    monkeypatch.setattr(stretches, "ROWS", 32)
    add(made, "skills", 64)
    with made.reader() as reader:
        kept = Kept(reader, TOPICS["skills"])
        first = next(iter(kept.missing(Ends(1, 64))))
        made_before = kept.digest(first)
        assert [entry.key for entry in kept.kept()]  # but nobody keeps it
        again = kept.digest(first)
        assert made_before is not None
        assert again is not None
        assert (again.keys.keys(), kept.hits) == (made_before.keys.keys(), [])
