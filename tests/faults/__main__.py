"""``python -m tests.faults [ROW …]``: each fault against a real daemon, and one table at the end."""

from __future__ import annotations

import argparse
import random
import sys

from rich.console import Console
from rich.progress import Progress

from collector import terminal
from tests.faults.report import Tally, document, print_report
from tests.faults.row import Fault, load_rows


def main() -> int:
    """Run the named rows, all by default; 1 when a promise was broken."""
    faults = load_rows()
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("rows", nargs="*", choices=[*faults, []], metavar="ROW", help=", ".join(faults))
    parser.add_argument("--quick", action="store_true", help="as many rounds as the test suite takes")
    parser.add_argument("--count", type=int, help="so many rounds of each row")
    parser.add_argument("--seed", type=int, help="repeat the rounds of an earlier run")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    options = parser.parse_args()
    seed = random.randrange(1_000_000) if options.seed is None else options.seed
    tallies = []
    with Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as bar:
        for name in options.rows or faults:
            found = faults[name]
            count = options.count or (found.quick if options.quick else found.full)
            tallies.append(counted(found, count, seed, bar))
    if options.json:
        terminal.print_json(document(tallies, seed))
    else:
        print_report(tallies, seed)
    return int(any(tally.failed for tally in tallies))


def counted(fault: Fault, count: int, seed: int, bar: Progress) -> Tally:
    """Run the rounds of one row, and keep what each came to."""
    tally = Tally(fault)
    task = bar.add_task(fault.name, total=count)
    for number, result in enumerate(fault.rounds(count, seed)):
        tally.add(number, result)
        bar.advance(task)
    bar.remove_task(task)
    return tally


if __name__ == "__main__":
    sys.exit(main())
