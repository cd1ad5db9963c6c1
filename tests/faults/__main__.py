"""Each fault against a real daemon, judged by one checker, and one table at the end."""

from __future__ import annotations

import argparse
import difflib
import random
import signal
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import NoReturn

import click
from rich.console import Console
from rich.progress import Progress

from collector import log, terminal
from tests.faults.crew import run_rows
from tests.faults.report import PIPED_WIDTH, document, print_report
from tests.faults.row import ALL_ROUNDS, Fault, load_rows
from tests.faults.tally import Tally

ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Ended(BaseException):
    """Somebody has ended the whole run, by the signal ``number``."""

    def __init__(self, number: int) -> None:
        self.number = number


def main() -> int:
    """Run the named rows, all by default; 1 when a promise was broken, 128 + N at the signal N."""
    log.configure("error")
    faults = load_rows()
    options = parser(faults).parse_args()
    seed = random.randrange(1_000_000) if options.seed is None else options.seed
    tallies = [Tally(found, count_of(found, options)) for found in chosen(faults, options)]
    status = run(tallies, seed, options)
    begun = [tally for tally in tallies if tally.rounds or tally.skipped or tally.end or tally.complaints]
    if options.json:
        terminal.print_json(document(begun, seed))
    else:
        print_report(begun, seed)
    return status or int(any(tally.failed for tally in begun))


def run(tallies: Sequence[Tally], seed: int, options: argparse.Namespace) -> int:
    """Fill the tallies, as far as one is let; 0, or the exit status for the signal that ended it."""
    for number in ENDINGS:
        signal.signal(number, end)
    try:
        with progress(tallies) as tell:
            run_rows(tallies, seed, jobs=options.jobs, minutes=options.minutes, tell=tell)
    except Ended as ended:
        begun = sum(bool(tally.rounds or tally.end) for tally in tallies)
        name = signal.Signals(ended.number).name
        click.echo(f"ended by {name}: {begun} of {len(tallies)} rows were begun", err=True)
        return 128 + ended.number
    finally:
        for number in ENDINGS:
            signal.signal(number, signal.SIG_DFL)
    return 0


def end(number: int, _: object) -> NoReturn:
    """The first signal ends the run in order; those after it change nothing."""
    for each in ENDINGS:
        signal.signal(each, signal.SIG_IGN)
    raise Ended(number)


@contextmanager
def progress(tallies: Sequence[Tally]) -> Iterator[Callable[[Tally], None]]:
    """A bar for all rows, on a terminal."""
    with Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task("rows", total=len(tallies))

        def tell(tally: Tally) -> None:
            done = sum(bool(each.rounds) for each in tallies) - 1
            bar.update(task, completed=done, description=f"{tally.fault.name} {tally.rounds:,}")

        yield tell


def chosen(faults: Mapping[str, Fault], options: argparse.Namespace) -> list[Fault]:
    """The named rows, or all; without those that have no quick version, where that is asked for."""
    if options.rows:
        return [faults[name] for name in dict.fromkeys(options.rows)]
    return [each for each in faults.values() if each.quick or not options.quick]


def count_of(found: Fault, options: argparse.Namespace) -> int:
    """How many rounds of a row."""
    if options.count is not None:
        return int(options.count)
    return max(1, found.quick) if options.quick else found.full


def parser(faults: Mapping[str, Fault]) -> argparse.ArgumentParser:
    """The options, and the rows with their counts."""

    def row(name: str) -> str:
        if name not in faults:
            raise argparse.ArgumentTypeError(unknown(name, faults))
        return name

    made = argparse.ArgumentParser(
        prog="python -m tests.faults", description=__doc__, epilog="\n".join(listing(faults.values())),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    made.add_argument("rows", nargs="*", type=row, metavar="ROW", help="all of those below by default")
    made.add_argument("--quick", action="store_true", help="as many rounds as the test suite takes")
    made.add_argument("--count", type=whole, metavar="N",
                      help="so many rounds of each row; by default each as many as stand below")  # fmt: skip
    made.add_argument("--minutes", type=positive, metavar="M",
                      help="no new round of a row after its share of M minutes")  # fmt: skip
    made.add_argument("--jobs", type=whole, metavar="N", default=1, help="so many rows at once (1)")
    made.add_argument("--seed", type=int, help="repeat the rounds of an earlier run")
    made.add_argument("--json", action="store_true", help="print one JSON document")
    return made


def listing(faults: Iterable[Fault]) -> Iterator[str]:
    """The rows for `--help`."""
    yield f"{'row':22}{'rounds':>7}{'--quick':>9}  what is done"
    for each in faults:
        full = "all" if each.full >= ALL_ROUNDS else f"{each.full:,}"
        yield f"{each.name:22}{full:>7}{each.quick:>9}  {each.about}"


def unknown(name: str, names: Iterable[str]) -> str:
    """A sentence for a row that there is not, with what may have been meant, or all there are."""
    names = list(names)
    if near := difflib.get_close_matches(name, names, n=3, cutoff=0.5):
        return f"there is no row {name!r}; did you mean {' or '.join(near)}? --help lists all rows"
    wide = max(map(len, names)) + 2
    across = PIPED_WIDTH // wide
    lines = ["".join(f"{each:{wide}}" for each in names[at : at + across]).rstrip()
             for at in range(0, len(names), across)]  # fmt: skip
    return "\n  ".join([f"there is no row {name!r}; the rows are", *lines])


def whole(text: str) -> int:
    """A number of rounds or rows."""
    if not text.strip().isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} must be a whole number, 1 or more")
    return int(text)


def positive(text: str) -> float:
    """A number of minutes."""
    try:
        minutes = float(text)
    except ValueError:
        minutes = 0.0
    if not 0 < minutes < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} must be a number of minutes above 0")
    return minutes


if __name__ == "__main__":
    sys.exit(main())
