"""Series recorded on a real machine, in `benchmarks/real/`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from benchmarks.noise.generated import Series

FOLDER = Path(__file__).parent.parent / "real"
CHANGES = {
    "none": (),
    "+10 %": ((150, True),),
    "+20 %": ((150, True),),
    "mended": ((100, True), (200, False)),
}


def recorded() -> Iterator[tuple[str, str, Series]]:
    """File, case and series of each; the values are µs."""
    for path in sorted(FOLDER.glob("*.json")):
        for name, values in json.loads(path.read_text(encoding="utf-8")).items():
            case = name.rpartition("|")[2]
            yield path.stem, case, Series([float(value) for value in values], CHANGES[case])
