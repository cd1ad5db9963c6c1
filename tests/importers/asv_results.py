"""Result folders of airspeed velocity: the one that it wrote, and those that a test makes."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path
from typing import Any

from collector.importers.base import IMPORTERS, Entry, Fault, Item, Note, Options, Source
from tests.importers.conftest import DATA, WRITTEN_MS

PROJECT = DATA / "asv"
DAY_MS = 86_400_000


def items(path: Path, **options: Any) -> list[Item]:
    """All that comes of a path as the command gives it."""
    stream = BytesIO(b"" if path.is_dir() else path.read_bytes())
    return list(IMPORTERS["asv"].read(Source(str(path), stream, WRITTEN_MS), Options(**options)))


def records(path: Path, **options: Any) -> list[dict[str, Any]]:
    """The records of a path without faults."""
    found = items(path, **options)
    assert [item for item in found if isinstance(item, Fault)] == []
    return [item.record for item in found if isinstance(item, Entry)]


def told(found: list[Item]) -> list[str]:
    """The notes among them."""
    return [item.text for item in found if isinstance(item, Note)]


def names(path: Path, **options: Any) -> set[str]:
    """What the workloads are called."""
    return {record["workload"] for record in records(path, **options)}


def project(folder: Path, *files: dict[str, Any], **benchmarks: dict[str, Any]) -> Path:
    """A project with these result files, and benchmarks.json when there are ``benchmarks``."""
    root = folder / "results"
    root.mkdir()
    for n, file in enumerate(files):
        machine = root / file["params"]["machine"]
        machine.mkdir(exist_ok=True)
        (machine / f"{n:08x}-{file['env_name']}.json").write_text(json.dumps(file))
    if benchmarks:
        (root / "benchmarks.json").write_text(json.dumps({**benchmarks, "version": 2}))
    return folder


def file(results: dict[str, Any], **given: Any) -> dict[str, Any]:
    """A result file of version 2; the rows are result, params, version and start."""
    return {
        "version": 2, "commit_hash": "c0ffee00", "date": DAY_MS, "params": {"machine": "box"},
        "env_name": "py3.11", "result_columns": ["result", "params", "version", "started_at"],
        "results": results, **given,
    }  # fmt: skip


def file_of_1(results: dict[str, Any], **given: Any) -> dict[str, Any]:
    """A result file of version 1."""
    common = {"version": 1, "commit_hash": "c0ffee00", "date": DAY_MS, "params": {"machine": "box"}}
    return {
        **common,
        "python": "3.5",
        "requirements": {"numpy": "1.9", "six": ""},
        "results": results,
        **given,
    }
