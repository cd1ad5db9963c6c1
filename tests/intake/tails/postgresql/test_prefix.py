"""Any ``log_line_prefix`` is read as the server writes it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.intake.tails.base import FORMATS, Options
from collector.intake.tails.postgresql.prefix import DEFAULT
from tests.intake.tails.postgresql.reading import parser, read, statements
from tests.servers.postgresql import PostgreSQL

MOMENT_MS = 1_795_352_204_817
WRITTEN = {
    "m": "2026-11-22 12:56:44.817 UTC",
    "t": "2026-11-22 12:56:44 UTC",
    "n": "1795352204.817",
    "s": "2026-11-22 08:00:00 UTC",
    "p": "22020",
    "P": "",
    "c": "6b02e68c.5604",
    "l": "17",
    "e": "00000",
    "v": "3/17",
    "x": "0",
    "Q": "-4567326750322228133",
    "u": "me",
    "d": "shop",
    "a": "my app: v2",
    "r": "10.0.0.1(5432)",
    "h": "[local]",
    "b": "client backend",
    "i": "idle in transaction",
    "L": "10.0.0.2",
    "q": "",
    "%": "%",
}
ENTRY = "LOG:  duration: 0.400 ms  statement: SELECT 'LOG:  '\n\t, 2\n"
# Letters right behind a time zone would be part of it, for anybody who reads.
TEXT = st.tuples(
    st.sampled_from("[]()@|; =<>,"), st.text(st.sampled_from("[]()@|;-/ =<>user,é"), max_size=3)
).map("".join)
ESCAPE = st.tuples(st.sampled_from([*WRITTEN]), st.sampled_from(["", "", "", "30", "-30", "5", "-5"]))


def rendered(escape: str, width: str) -> str:
    """As the server pads it."""
    text = WRITTEN[escape]
    if escape in "%q" or not width:
        return text
    return text.rjust(int(width)) if int(width) > 0 else text.ljust(-int(width))


@settings(deadline=None, max_examples=20)
@given(st.lists(st.tuples(TEXT, ESCAPE), max_size=8), st.sampled_from("mnt"), st.data(), TEXT)
def test_any_prefix_of_known_escapes_reads_what_it_writes(
    pieces: list[tuple[str, tuple[str, str]]], stamp: str, data: st.DataObject, last: str
) -> None:
    """Whatever stands between them."""
    pieces.insert(data.draw(st.integers(0, len(pieces))), ("|", (stamp, "")))
    prefix = "".join(
        text + "%" + (width if letter not in "%q" else "") + letter for text, (letter, width) in pieces
    )
    written = "".join(text + rendered(*escape) for text, escape in pieces)
    (one,) = read(f"{written}{last}{ENTRY}".encode(), prefix=prefix + last)
    assert one.sql == "SELECT 'LOG:  '\n, 2"
    assert one.duration_ms == 0.4
    whole_ms = MOMENT_MS if {"m", "n"} & {letter for _, (letter, _) in pieces} else MOMENT_MS - 817
    assert one.timestamp == whole_ms


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [
        ("%m [%p] %q%u@%d ", {"user": "me", "database": "shop"}),
        ("%t:%r:%u@%d:[%p]: ", {"user": "me", "database": "shop"}),
        (
            "%m [%p]: user=%u,db=%d,app=%a,client=%h ",
            {"user": "me", "database": "shop", "application": "my app: v2"},
        ),
        ("%-10u|%10d|%p|%n ", {"user": "me", "database": "shop"}),
        ("%m %p %c %l %a %v ", {"application": "my app: v2"}),
        ("%m %p %u%d ", None),
        ("%m %p %dé%u ", {"database": "shop", "user": "me"}),
    ],
)
def test_names_are_taken_from_the_prefix(prefix: str, expected: dict[str, str] | None) -> None:
    """Each as far as what stands behind it; two without anything between cannot be told apart."""
    written = prefix.replace("%-10u", "me".ljust(10)).replace("%10d", "shop".rjust(10))
    for letter, text in WRITTEN.items():
        written = written.replace("%" + letter, text)
    (one,) = read((written + ENTRY).encode(), prefix=prefix)
    assert one.metadata == expected
    assert one.columns == {"session_id": "22020"}


def test_a_session_is_named_by_c_where_there_is_no_p() -> None:
    """And by nothing where there is neither: then lines belong together as they come."""
    line = "duration: 0.500 ms  {} <unnamed>: SELECT 1\n"
    for prefix, before, columns in (
        ("%m %c ", f"{WRITTEN['m']} {WRITTEN['c']} ", {"session_id": WRITTEN["c"]}),
        ("%m ", f"{WRITTEN['m']} ", None),
    ):
        log = "".join(f"{before}LOG:  {line.format(kind)}" for kind in ("parse", "bind", "execute"))
        (one,) = read(log.encode(), prefix=prefix)
        assert one.columns == columns
        assert one.metadata == {"parse_ms": 0.5, "bind_ms": 0.5}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (Options(), []),
        (Options(prefix=DEFAULT, timezone="Europe/Berlin"), []),
        (Options(prefix="%m %y"), [("prefix", "'%y' is no escape of log_line_prefix")]),
        (Options(prefix="%m %"), [("prefix", "'%' is no escape of log_line_prefix")]),
        (Options(prefix=f"%m %{'9' * 5000}u"), [("prefix", "'%9999999999' is no escape of log_line_prefix")]),
        (Options(prefix="%m %-999u"), [("prefix", "'%-999u' is wider than 200 characters")]),
        (
            Options(prefix="[%p] %s"),
            [("prefix", "has none of %m, %n and %t, so its lines do not say when they were written")],
        ),
        (
            Options(prefix="\t%m"),
            [("prefix", "begins with a tab or holds a line end, which tell where an entry begins")],
        ),
        (
            Options(timezone="Berlin"),
            [("timezone", "'Berlin' is no name of a time zone, such as Europe/Berlin")],
        ),
    ],
)
def test_what_cannot_be_used_is_a_fault(options: Options, expected: list[tuple[str, str]]) -> None:
    """In words, beside the name of the option."""
    assert [*FORMATS["postgresql"].faults(options)] == expected


def test_a_wrong_prefix_is_seen_by_what_is_not_read() -> None:
    """Each line counts, and one of them is there to be looked at."""
    reading = parser(prefix="%m <%u> ")
    reading.feed(f"{WRITTEN['m']} [22020] me {ENTRY}".encode() * 2, 0)
    assert reading.quiet() == []
    assert reading.unread.lines == 4
    assert reading.unread.example.startswith("2026-11-22 12:56:44.817 UTC [22020]")


def test_a_real_server_writes_a_prefix_with_everything_as_it_is_read(bench: PostgreSQL) -> None:
    """Set while it runs, with background processes that stop at %q."""
    prefix = "%m|%t|%n|%p|%P|%l|%e|%b|%c|%s|%v|%x|%Q|%%|%-12i|%q%u@%d|%20a|%r|%h "
    setting = f"ALTER SYSTEM SET log_line_prefix = '{prefix}'; SELECT pg_reload_conf();"
    bench.psql(setting.replace("; ", ";\n"))
    bench.rotate_logs()
    bench.psql("CHECKPOINT;\nSELECT\n1;\n")
    log = bench.rotate_logs()["stderr"].read_bytes()
    bench.psql("ALTER SYSTEM RESET log_line_prefix;\nSELECT pg_reload_conf();\n")
    found = read(log, prefix=prefix)
    assert statements(found) == ["CHECKPOINT;", "SELECT\n1;"]
    assert found[0].metadata == {"database": "postgres", "user": "postgres", "application": "psql"}
