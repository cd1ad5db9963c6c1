"""How far back the record reaches, and what the cap has cut of what was promised."""

from __future__ import annotations

from typing import Any

import msgspec

from collector.answers.kept import Family, Kept, kept
from collector.orm import peewee
from collector.sections import Retention
from collector.store.progress import move
from collector.store.retention import names
from collector.units import Duration, Size
from tests.answers.made import DAY, MINUTE, Made
from tests.answers.reported import add

RETENTION = Retention(cap=Size(500_000_000))


def by_name(found: Kept) -> dict[str, Family]:
    """The families."""
    return {family.name: family for family in found.families}


def test_each_family_tells_its_oldest_moment(made: Made, reader: peewee.SqliteDatabase) -> None:
    """Of all its kinds; null where there is nothing yet."""
    made.cpu(3 * DAY, 50)
    made.memory(5 * DAY, 50)
    made.run("w", 7 * DAY)
    made.run("w", 9 * DAY)  # came late
    made.conn.execute(
        "INSERT INTO rollups (series_id, tier_s, timestamp, count, sum) VALUES (1, 300, 77, 1, 1)"
    )
    found = by_name(kept(reader, RETENTION, made.now_ms))
    assert found.keys() == {"samples", "runs", "reported", "five_minutes", "hours"}
    assert found["samples"] == Family("samples", 14 * 86_400, made.now_ms - 5 * DAY, None)
    assert found["runs"].oldest_ms == made.now_ms - 9 * DAY
    assert (found["five_minutes"].oldest_ms, found["hours"].oldest_ms) == (77, None)
    assert found["reported"].oldest_ms is None


def test_a_kind_with_an_age_of_its_own_is_a_family(made: Made, reader: peewee.SqliteDatabase) -> None:
    """The others stay together."""
    add(made, "skills", 3)
    made.cpu(DAY, 50)
    kinds = {"cpu": Duration(86_400.0), "skill": Duration(3_600.0)}
    found = by_name(kept(reader, msgspec.structs.replace(RETENTION, kinds=kinds), made.now_ms))
    assert found["kinds.cpu"] == Family("kinds.cpu", 86_400, made.now_ms - DAY, None)
    assert (found["kinds.skill"].promised_s, found["samples"].oldest_ms) == (3_600, None)


def capped(made: Made, **ago_days: float) -> None:
    """The cap took what is older than this."""
    for kind, days in ago_days.items():
        move(made.conn, names.capped(kind), made.now_ms - round(days * DAY), made.now_ms)


def test_what_the_cap_cuts_is_one_sentence(made: Made, reader: peewee.SqliteDatabase) -> None:
    """With what is left of the promise, and what to do."""
    capped(made, cpu=9, disk=10)
    found = kept(reader, RETENTION, made.now_ms)
    assert by_name(found)["samples"].cut_ms == made.now_ms - 9 * DAY
    assert found.sentence == (
        "the cap of 500 MB keeps machine samples for 9 d of the promised 14 d:"
        " raise [retention] cap, or sample less often"
    )
    capped(made, run=99.5)
    assert "14 d, runs for 99 d 12 h of the promised 730 d: raise" in str(
        kept(reader, RETENTION, made.now_ms).sentence
    )


def test_days_that_went_are_told_though_they_were_promised_for_ever(
    made: Made, reader: peewee.SqliteDatabase
) -> None:
    """Only those with a single value go, and only for the cap."""
    move(made.conn, names.capped(names.tier(86_400)), made.now_ms - 40 * DAY, made.now_ms)
    found = kept(reader, RETENTION, made.now_ms)
    assert found.document()["days_cut_by_cap_ms"] == made.now_ms - 40 * DAY
    assert str(found.sentence).startswith(
        "the cap of 500 MB keeps figures of a day that hold a single value for 40 d, not for ever: raise"
    )


def test_what_would_have_gone_by_now_is_not_cut(made: Made, reader: peewee.SqliteDatabase) -> None:
    """Once the promised age reaches no further back than the cap did, the promise is kept again."""
    capped(made, cpu=15, run=-5)
    found = kept(reader, RETENTION, made.now_ms)
    assert found.sentence is None
    assert {family.cut_ms for family in found.families} == {None}


def test_that_it_does_not_fit_is_said_first(made: Made, reader: peewee.SqliteDatabase) -> None:
    """Before the recorder has found so, too; after more than a round, what to do."""
    small = msgspec.structs.replace(RETENTION, cap=Size(1_000))
    capped(made, cpu=9)
    cut = str(kept(reader, RETENTION, made.now_ms).sentence).replace("500 MB", "1.00 KB")
    soon = kept(reader, small, made.now_ms).sentence
    assert str(soon).endswith(f" 1.00 KB: the recorder deletes the oldest within half a minute; {cut}")
    move(made.conn, names.OVER, made.now_ms - MINUTE, made.now_ms)
    found = kept(reader, small, made.now_ms)
    over = f"all files together take {Size(found.total_bytes)}, more than the cap of 1.00 KB: "
    assert found.sentence == f"{over}the oldest is being deleted; {cut}"
    assert found.document()["over_since_ms"] == made.now_ms - MINUTE
    assert kept(reader, RETENTION, made.now_ms).over_since_ms is None  # it fits by now
    late = kept(reader, small, made.now_ms + 5 * MINUTE).sentence
    log = f"end what keeps its log of {Size(found.wal_bytes)} open for reading"
    assert str(late).startswith(f"{over}raise [retention] cap, or {log}; the cap of")
    made.path.with_name("c.db.corrupt-2").write_bytes(b"x" * 500)
    late = kept(reader, small, made.now_ms + 5 * MINUTE).sentence
    assert ", or move away the 500 B that were set aside beside the database, or end " in str(late)


def test_what_can_never_fit_is_to_be_moved_away(made: Made, reader: peewee.SqliteDatabase) -> None:
    """At once: nothing is deleted for it. A user's own copy beside the database does not count."""
    made.path.with_name("c.db.corrupt-2").write_bytes(b"x" * 2_000_000)
    made.path.with_name("c.db.bak").write_bytes(b"x" * 9_000_000)
    move(made.conn, names.OVER, made.now_ms, made.now_ms)
    found = kept(reader, msgspec.structs.replace(RETENTION, cap=Size(2_100_000)), made.now_ms)
    assert found.sentence == (
        f"all files together take {Size(found.total_bytes)}, more than the cap of 2.10 MB:"
        " c.db.corrupt-* beside the database takes 2.00 MB: move it away"
    )


def test_bytes_are_those_of_all_files(made: Made, reader: peewee.SqliteDatabase) -> None:
    """The database, its log, and what was set aside; the document is what JSON shows."""
    made.cpu(DAY, 50)
    made.path.with_name("c.db.corrupt-2").write_bytes(b"x" * 321)
    found = kept(reader, RETENTION, made.now_ms)
    wal = made.path.with_name("c.db-wal")
    assert (found.database_bytes, found.wal_bytes) == (made.path.stat().st_size, wal.stat().st_size)
    assert (found.aside_bytes, found.cap_bytes) == (321, 500_000_000)
    assert found.total_bytes == found.database_bytes + found.wal_bytes + 321
    document: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(found.document()))
    assert document["total_bytes"] == found.total_bytes
    assert document["families"][0] == {
        "name": "samples", "promised_s": 1_209_600, "oldest_ms": made.now_ms - DAY, "cut_by_cap_ms": None,
    }  # fmt: skip
