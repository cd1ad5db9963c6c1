"""``python -m benchmarks [NAME…] [--seconds N]``: prints tables and writes one JSON file."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import sys
import time
from pathlib import Path

from benchmarks.report import Row, table

ALL = (
    "writer", "start", "timing", "intake", "client", "fingerprint", "summary", "slow", "samplers",
    "logs", "changes", "experiment", "year", "footprint",
)  # fmt: skip
RESULTS = Path(__file__).parent / "results"


def main() -> int:
    """Run the named benchmarks, all by default; 1 when a bar was missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*ALL, []], metavar="NAME", help=", ".join(ALL))
    parser.add_argument("--seconds", type=int, default=120, help="how long the footprints are watched")
    options = parser.parse_args()
    results: dict[str, list[Row]] = {}
    for name in options.names or ALL:
        print(f"… {name}", file=sys.stderr, flush=True)
        results[name] = importlib.import_module(f"benchmarks.{name}").run(options.seconds)
        print(table(name, results[name]), end="\n\n", flush=True)
    path = write(results)
    print(f"written to {path}")
    return int(any(row.verdict == "MISSED" for rows in results.values() for row in rows))


def write(results: dict[str, list[Row]]) -> Path:
    """Keep the figures with what they were measured on."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / time.strftime("%Y%m%d-%H%M%S.json")
    document = {
        "python": platform.python_version(),
        "kernel": platform.release(),
        "cores": os.cpu_count(),
        "results": {name: [row.as_json() for row in rows] for name, rows in results.items()},
    }
    path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    return path


if __name__ == "__main__":
    sys.exit(main())
