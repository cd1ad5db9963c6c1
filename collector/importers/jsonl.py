"""JSON lines: one record a line, as applications write them into a file."""

from __future__ import annotations

from collections.abc import Iterator

from collector.importers.base import Entry, Item, Options, Source, importer
from collector.importers.lines import Line, Occurrences, chunks, items


@importer("jsonl", "one record a line, with its `kind` or under --kind", takes=("kind",), streams=True)
def read(source: Source, options: Options) -> Iterator[Item]:
    """The records in their order, in constant memory.

    One without an ``id`` is known by its line, and by how many equal lines stand before it.
    """
    with Occurrences() as seen:
        for lines in chunks(source.stream):
            for line in lines:
                yield from _known(line, options.kind, seen)


def _known(line: Line, kind: str | None, seen: Occurrences) -> Iterator[Item]:
    for item in items(line, kind):
        if isinstance(item, Entry) and item.record.get("id") is None:
            place = item.where.encode().partition(b",")[2]  # where a list stands on the line
            item.record["id"] = seen.id(b"jsonl", (kind or "").encode(), place, (line.text or b"").strip())
        yield item
