"""The lines of a chunk, for formats in which each line is an entry."""

from __future__ import annotations

from collections.abc import Iterator


def lines(chunk: bytes, offset: int) -> Iterator[tuple[int, bytes]]:
    """Each line with where in the file it begins, without its end; empty ones are left out."""
    for line in chunk.split(b"\n"):
        if line and line != b"\r":
            yield offset, line.removesuffix(b"\r")
        offset += len(line) + 1
