"""Pages of SQLite's own making are read as SQLite reads them, and garbage is never more than refused."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.sqlite import sqlite3
from collector.store.recovery.cells import (
    LEAF_TABLE,
    Unsound,
    as_page,
    as_record,
    as_varint,
    cells,
    node,
    values,
    varint,
    whole,
)
from collector.store.recovery.image import Image
from collector.store.recovery.trees import children_of, sound_node
from tests.store.recovery.old import PAGE

NUMBERS = st.integers(-(2**63), 2**63 - 1)
TEXTS = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"))
VALUES = st.one_of(
    st.none(),
    NUMBERS,
    st.floats(allow_nan=False),
    TEXTS,
    st.binary(),
    st.integers(1, 30_000).map("x".__mul__),
)
ROWS = st.dictionaries(NUMBERS, st.tuples(VALUES, VALUES, VALUES), min_size=1, max_size=60)


@settings(max_examples=15, deadline=None)
@given(ROWS)
def test_all_rows_of_a_file_of_sqlites_are_read(rows: dict[int, tuple[Any, ...]]) -> None:
    """Of every type and length, those that go on on other pages included; kept by number, and by key."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "c.db")
        with closing(sqlite3.connect(path)) as conn:
            conn.execute(f"PRAGMA page_size = {PAGE}")
            conn.execute("CREATE TABLE numbered (a, b, c)")
            conn.execute("CREATE TABLE keyed (k INTEGER PRIMARY KEY, a, b, c) WITHOUT ROWID")
            given = [(key, *row) for key, row in rows.items()]
            conn.executemany("INSERT INTO numbered (rowid, a, b, c) VALUES (?, ?, ?, ?)", given)
            conn.executemany("INSERT INTO keyed VALUES (?, ?, ?, ?)", given)
            conn.commit()
            roots = [root for (root,) in conn.execute("SELECT rootpage FROM sqlite_master ORDER BY rowid")]
            wanted = conn.execute("SELECT rowid, * FROM numbered ORDER BY rowid").fetchall()
        with closing(Image(path)) as image:
            numbered, keyed = (list(read(image, root)) for root in roots)
    assert [(key, *row) for key, row in numbered] == wanted
    assert [tuple(row) for _, row in keyed] == wanted


def read(image: Image, number: int) -> Iterator[tuple[int, list[Any]]]:
    """Numbers and values below a page, in the order of the tree; an inner page of an index has rows too."""
    found = sound_node(image, number)
    assert found is not None
    there = list(cells(found))
    if not found.is_inner:
        yield from ((each.key, values(whole(each, image.page))) for each in there)
        return
    for child, each in zip(children_of(found), [*there, None], strict=True):
        yield from read(image, child)
        if each is not None and each.size:
            yield each.key, values(whole(each, image.page))


@given(NUMBERS)
def test_a_number_is_written_as_it_is_read(number: int) -> None:
    """With one byte to nine."""
    written = as_varint(number)
    assert varint(written, 0) == (number, len(written))


@given(st.tuples(TEXTS, st.none(), st.integers(0, 2**31 - 1), TEXTS.filter(lambda text: len(text) < 500)))
def test_a_row_is_written_as_it_is_read(row: tuple[str | int | None, ...]) -> None:
    """Texts, numbers and nothing."""
    assert values(as_record(row)) == [*row]


def test_what_does_not_fit_on_a_page_is_not_put_there() -> None:
    """Two rows of more than half of it."""
    body = as_varint(3_000) + as_varint(1) + bytes(3_000)
    assert as_page(LEAF_TABLE, [body]) is not None
    assert as_page(LEAF_TABLE, [body, body]) is None


@pytest.mark.parametrize("kind", [2, 5, 10, 13])
@given(st.integers(0, 2**32))
def test_garbage_is_read_as_none_or_refused(kind: int, seed: int) -> None:
    """Pages, cells and records of random bytes raise nothing else, and come to an end."""
    chance = random.Random(seed)
    few = bytes([kind, 0, 0, 0, chance.randrange(4)]) + chance.choice([b"\x0f\0", b"\0\x20"]) + b"\0"
    head = chance.choice([few, bytes([kind]) + chance.randbytes(7)])
    found = node(head + chance.randbytes(PAGE - 8))
    assert found is None or all(0 <= place < PAGE for place in found.places)
    try:
        for each in cells(found) if found else ():
            values(whole(each, lambda _: b""))
    except Unsound:
        return


def test_a_record_that_is_cut_off_is_refused() -> None:
    """At every byte."""
    record = as_record(("one", 2, None, "four"))
    for end in range(len(record)):
        with pytest.raises(Unsound):
            values(record[:end])
