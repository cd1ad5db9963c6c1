"""The line of every key, however the text around it is written."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.toml_lines import KeyPath, lines_of


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {}),
        ("# only a comment", {}),
        ("a = 1", {("a",): 1}),
        ("\n\n a=1 # b = 2\nb = 2", {("a",): 3, ("b",): 4}),
        ("a.b.c = 1", {("a",): 1, ("a", "b"): 1, ("a", "b", "c"): 1}),
        ("[a]\nb = 1\n[c]\nb = 1", {("a",): 1, ("a", "b"): 2, ("c",): 3, ("c", "b"): 4}),
        ("[a.b]\nc = 1\n[a]", {("a",): 3, ("a", "b"): 1, ("a", "b", "c"): 2}),
        (
            "[[w]]\na = 1\n[[w]]\na = 1",
            {("w",): 1, ("w", 0): 1, ("w", 0, "a"): 2, ("w", 1): 3, ("w", 1, "a"): 4},
        ),
        ("[[w]]\n[w.x]\ny = 1", {("w",): 1, ("w", 0): 1, ("w", 0, "x"): 2, ("w", 0, "x", "y"): 3}),
        (
            "[[w]]\n[[w.x]]\n[[w.x]]",
            {("w",): 1, ("w", 0): 1, ("w", 0, "x"): 2, ("w", 0, "x", 0): 2, ("w", 0, "x", 1): 3},
        ),
        ("a = [\n  1, # ]\n  2,\n]\nb = 1", {("a",): 1, ("a", 0): 2, ("a", 1): 3, ("b",): 5}),
        (
            "a = { b = 1, c = { d = 2 } }\ne = 1",
            {("a",): 1, ("a", "b"): 1, ("a", "c"): 1, ("a", "c", "d"): 1, ("e",): 2},
        ),
        (
            "a = [\n{ b = 1 },\n{ b = 2 } ]",
            {("a",): 1, ("a", 0): 2, ("a", 0, "b"): 2, ("a", 1): 3, ("a", 1, "b"): 3},
        ),
        ('a = """\nb = 1\n[c]\n"""\nd = 1', {("a",): 1, ("d",): 5}),
        ("a = '''\nb = 1\n\"\"\"\n'''\nd = 1", {("a",): 1, ("d",): 5}),
        ('a = """x\\""" # """"" # \nb = 1', {("a",): 1, ("b",): 2}),
        ("a = \"'''\"\nb = 1 # '''\nc = 1", {("a",): 1, ("b",): 2, ("c",): 3}),
        ('# """\na = "# [\\"" # "\nb = 1', {("a",): 2, ("b",): 3}),
        ("a = ''''x'''''\nb = 1", {("a",): 1, ("b",): 2}),
        ('"a.b" = 1\n\'c"d\' = 1\n"e\\u0041\\"" = 1', {("a.b",): 1, ('c"d',): 2, ('eA"',): 3}),
        ('["a]b" . c]\nd = 1', {("a]b",): 1, ("a]b", "c"): 1, ("a]b", "c", "d"): 2}),
        ("a = 1979-05-27 07:32:00Z\r\nb = -inf\r\nc = 0xff", {("a",): 1, ("b",): 2, ("c",): 3}),
        (
            'a = ["]", \'[\', """\n""", [[]], {}]\nb = 1',
            {
                ("a",): 1,
                ("a", 0): 1,
                ("a", 1): 1,
                ("a", 2): 1,
                ("a", 3): 2,
                ("a", 3, 0): 2,
                ("a", 4): 2,
                ("b",): 3,
            },
        ),
    ],
)
def test_every_header_key_and_item_has_its_line(text: str, expected: dict[KeyPath, int]) -> None:
    """Counted from 1, whatever strings and comments hold."""
    tomllib.loads(text)
    assert lines_of(text) == expected


@dataclass
class Document:
    """A TOML text as it grows, and the line of everything that was put into it."""

    text: str = ""
    lines: dict[KeyPath, int] = field(default_factory=dict)

    def note(self, path: KeyPath) -> None:
        """What comes next stands on the line that the text has reached."""
        self.lines[path] = self.text.count("\n") + 1


NASTY = st.text(st.sampled_from("ab.=[]{}#,'\" \\\u00e9"), max_size=6)
SCALARS = ["1", "-0.5e3", "inf", "true", "1979-05-27T07:32:00Z", "07:32:00"]


def quoted(text: str) -> str:
    """A basic string."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


@st.composite
def keys(draw: st.DrawFn, number: int) -> tuple[str, str]:
    """A key as it is written and as it is meant; its number keeps it from coming twice."""
    if draw(st.booleans()):
        return f"k-{number}", f"k-{number}"
    name = f"{draw(NASTY)}{number}"
    literal = "'" not in name and draw(st.booleans())
    return (f"'{name}'" if literal else quoted(name)), name


@st.composite
def blanks(draw: st.DrawFn) -> str:
    """What may stand between two lines or two items of a list."""
    return "".join(
        draw(st.lists(st.sampled_from(["\n", "  ", "# [x] = '''\n", '# """ , ]\n', "\r\n"]), max_size=3))
    )


def put_value(draw: st.DrawFn, document: Document, path: KeyPath, depth: int, *, one_line: bool) -> None:
    """Write one value, noting the lines of what is inside it."""
    kinds = ["scalar", "basic", "literal"] + ([] if one_line else ["long basic", "long literal"])
    kind = draw(st.sampled_from(kinds + (["list", "table"] if depth else [])))
    text = draw(NASTY)
    if kind == "scalar":
        document.text += draw(st.sampled_from(SCALARS))
    elif kind == "basic":
        document.text += quoted(text)
    elif kind == "literal":
        document.text += "'" + text.replace("'", "") + "'"
    elif kind == "long basic":
        document.text += (
            '"""' + quoted(text)[1:-1] + "\nx = 1\n[y]\n" + draw(st.sampled_from(["", '"', '""'])) + '"""'
        )
    elif kind == "long literal":
        document.text += (
            "'''" + text.replace("'", "") + '\n"""\n' + draw(st.sampled_from(["", "'", "''"])) + "'''"
        )
    elif kind == "list":
        document.text += "["
        for i in range(draw(st.integers(0, 3))):
            document.text += ("," if i else "") + ("" if one_line else draw(blanks()))
            document.note((*path, i))
            put_value(draw, document, (*path, i), depth - 1, one_line=one_line)
        document.text += "]" if one_line else draw(blanks()) + "]"
    else:
        document.text += "{"
        for i in range(draw(st.integers(0, 3))):
            document.text += ", " if i else " "
            put_pair(draw, document, path, i, depth - 1, one_line=True)
        document.text += "}"


def put_pair(
    draw: st.DrawFn, document: Document, table: KeyPath, number: int, depth: int, *, one_line: bool
) -> None:
    """Write one ``key = value``, the key sometimes dotted."""
    path = table
    parts = []
    for _ in range(draw(st.integers(1, 3))):
        part, name = draw(keys(number))
        path = (*path, name)
        document.note(path)
        parts.append(part)
    document.text += draw(st.sampled_from([".", " . "])).join(parts) + draw(
        st.sampled_from(["=", " = ", " =\t"])
    )
    put_value(draw, document, path, depth, one_line=one_line)


@st.composite
def documents(draw: st.DrawFn) -> Document:
    """A TOML text of tables, lists of tables, and pairs of every shape."""
    document, listed = Document(), 0
    table: KeyPath = ()
    for number in range(draw(st.integers(0, 8))):
        document.text += draw(blanks())
        what = draw(st.sampled_from(["pair", "pair", "pair", "table", "list"]))
        if what == "pair":
            put_pair(draw, document, table, number, 2, one_line=False)
        elif what == "table":
            part, name = draw(keys(number))
            table = (name,)
            document.note(table)
            document.text += f"[ {part} ]"
        else:
            document.lines.setdefault(("w",), document.text.count("\n") + 1)
            table, listed = ("w", listed), listed + 1
            document.note(table)
            document.text += "[[w]]"
        document.text += draw(st.sampled_from(["\n", " # a = 1\n", "\r\n"]))
    return document


@given(documents())
@settings(max_examples=80, deadline=None)
def test_every_key_of_any_document_has_the_line_it_stands_on(document: Document) -> None:
    """And nothing is found that is not there."""
    tomllib.loads(document.text)
    assert lines_of(document.text) == document.lines


def paths_of(value: Any, at: KeyPath = ()) -> set[KeyPath]:
    """The paths of all that is inside a parsed value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return {(*at, key) for key, _ in inner}.union(*(paths_of(item, (*at, key)) for key, item in inner))


@given(st.text(st.sampled_from("ab1.=[]{}#,'\"\\ \n"), max_size=40))
@settings(max_examples=80, deadline=None)
def test_whatever_parses_is_found_whole(text: str) -> None:
    """Texts that nobody would write, as far as they are TOML at all."""
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    assert paths_of(tables) == lines_of(text).keys()
