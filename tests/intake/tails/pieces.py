"""Logs cut into pieces, as a parser gets them."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import strategies as st

from collector.intake.tails.base import Execution, Parser


def in_pieces(data: st.DataObject, log: bytes) -> list[bytes]:
    """``log`` cut at some ends of lines; some pieces may be empty."""
    lines = log.splitlines(keepends=True)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(lines)), max_size=30)))
    return [b"".join(lines[a:b]) for a, b in pairwise([0, *cuts, len(lines)])]


def read(parser: Parser, *pieces: bytes, offset: int = 0) -> list[Execution]:
    """What ``parser`` makes of ``pieces`` that begin at ``offset``, and of the quiet after them."""
    found: list[Execution] = []
    for piece in pieces:
        found += parser.feed(piece, offset)
        offset += len(piece)
    return found + parser.quiet()
