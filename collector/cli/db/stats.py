"""``collector db stats``: what our file, or another database, is made of and how it is used."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from collector import inspection
from collector.answers import storage
from collector.cli.db._target import target_of, target_options, waited
from collector.cli.db._told import print_document, print_timings
from collector.client import Line, Unreachable
from collector.commands import config_option, json_option
from collector.opened import any_reader, reading_settings
from collector.settings import Settings
from collector.sqlite import sqlite3
from collector.store.lock import holder
from collector.targets import scheme
from collector.terminal import print_json, with_progress
from collector.units import Duration

Document = dict[str, Any]

_ASK_SECONDS = 3.0
# Every document has these, whatever the database; None where that one does not tell.
_KEYS = (
    *("version", "path", "bytes", "wal_bytes", "page_bytes", "pages", "free_pages", "free_bytes"),
    *("journal_mode", "analyzed", "rows_are", "cache_hit_percent", "connections", "max_connections"),
    *("counted_since", "late"),
)
_OBJECT_KEYS = (
    *("name", "type", "table", "rows", "bytes", "bytes_per_row"),
    *("scans", "sequential_scans", "dead_rows", "unused"),
)


@click.command()
@target_options
@config_option
@json_option
def command(timeout: Duration, config: Path | None, as_json: bool, **given: Any) -> None:
    """Show what a database is made of: rows and bytes of every table and index, and how they are used.

    Without a target it is our own file, with the times of the recorder's own statements.
    """
    target = target_of(config, given)
    if target is None:
        document = _ours(reading_settings(config))
    else:
        kind = scheme(target.database)
        found = waited(
            lambda children: inspection.stats(target, children, timeout), f"asking {kind}", timeout
        )
        document = _complete({"kind": kind, "database": inspection.shown_url(target.database), **found})
    if as_json:
        print_json(document)
        return
    print_document(document)
    if target is None:
        print_timings(document)


def _ours(settings: Settings) -> Document:
    with any_reader(settings) as database:
        file = storage.file(database, settings.database)
        found = storage.objects(database)
        sizes = storage.sizes_by_name(database, settings.database)
        measured = [
            storage.measured(database, item, found, sizes) for item in with_progress(found, "counting")
        ]
        more = {
            "version": sqlite3.sqlite_version,
            "journal_mode": database.pragma("journal_mode"),
            "migrations": storage.migrations(database),
        }
    operations, silence = _timings(settings)
    document = {"kind": "collector", "database": file["path"], **file, **more, "objects": measured}
    return _complete({**document, "rows_are": "counted", "operations": operations, "no_operations": silence})


def _timings(settings: Settings) -> tuple[list[Document] | None, str | None]:
    """What the running recorder counted of its own statements; or None, and why."""
    held = holder(settings.database)
    if held is None or not held.socket:
        return None, "no recorder runs that could tell how long its own take"
    try:
        with Line(Path(held.socket), _ASK_SECONDS) as line:
            answer = line.ask({"ask": "timings"})
    except (Unreachable, ValueError) as error:
        return None, f"the recorder, process {held.pid}, does not answer ({error})"
    found = answer.get("timings")
    if not isinstance(found, list):
        return None, f"the recorder, process {held.pid}, does not tell: it may be of an older version"
    return found, None


def _complete(document: Document) -> Document:
    """The document with every key, and its objects likewise: what a row costs in all, what is never used."""
    objects = document.pop("objects")
    whole: dict[str, int] = {}
    for row in objects:
        whole[row["table"]] = whole.get(row["table"], 0) + (row["bytes"] or 0)
    first = {"kind": document.pop("kind"), "database": document.pop("database")}
    return {
        **first,
        **dict.fromkeys(_KEYS),
        **document,
        "objects": [_completed(row, whole[row["table"]]) for row in objects],
    }


def _completed(row: Document, whole_bytes: int) -> Document:
    rows = row.get("rows")
    known = {
        "bytes_per_row": round(whole_bytes / rows, 1) if rows and whole_bytes else None,
        "unused": _is_unused(row),
    }
    return {key: row.get(key, known.get(key)) for key in _OBJECT_KEYS}


def _is_unused(row: Document) -> bool | None:
    """Whether an index was never scanned; a unique one serves its rule without. None where nobody counts."""
    if row["type"] == "table" or row.get("scans") is None:
        return None
    return row["scans"] == 0 and not row.get("is_rule")
