"""``collector db verify``."""

from __future__ import annotations

from pathlib import Path

import click

from collector.answers import soundness
from collector.answers.soundness import PAGES, Finding
from collector.commands import config_option, json_option
from collector.opened import any_reader, reading_settings
from collector.terminal import paint, print_json, printable, with_progress
from collector.units import counted

_MARKS = {"ok": ("✓", "green"), "warning": ("!", "yellow"), "wrong": ("✗", "red")}
_MOST_NAMED = 3


@click.command()
@config_option
@json_option
def command(config: Path | None, as_json: bool) -> int:
    """Check the file: pages, references, tables, pragmas. Exits with 1 when something is wrong."""
    settings = reading_settings(config)
    with any_reader(settings) as database:
        checks = soundness.checks(database, settings.database)
        findings = [soundness.look(check) for check in with_progress(checks, "verifying")]
    if as_json:
        print_json([
            {"check": item.check, "state": item.state, "found": item.found, "advice": item.advice}
            for item in findings
        ])  # fmt: skip
    else:
        _print_findings(findings)
    return int(any(item.state == "wrong" for item in findings))


def _print_findings(findings: list[Finding]) -> None:
    """Every finding, the pages that are in order as one, what is wrong below them; the verdict last."""
    wrong = [item for item in findings if item.state == "wrong"]
    shown = [*_as_one(findings), *wrong]
    width = max(len(item.check) for item in shown)
    for item in shown:
        mark, colour = _MARKS[item.state]
        first, *more = [*item.found.splitlines(), *([f"→ {item.advice}"] if item.advice else [])]
        click.echo(f"{paint(mark, colour)} {item.check:<{width}}  {printable(first)}")
        for line in more:
            click.echo(f"  {'':<{width}}  {printable(line)}")
    click.echo(_verdict(findings, wrong))


def _as_one(findings: list[Finding]) -> list[Finding]:
    """What is not wrong; the tables whose pages are in order together, and as the rest where some are not."""
    pages = [item for item in findings if item.check.startswith(PAGES)]
    good = [item for item in pages if item.state == "ok"]
    others = [item for item in findings if item.state != "wrong" and item not in pages]
    name = "pages" if len(good) == len(pages) else "other pages"
    return [*others, *([Finding(name, "ok", _in_order(len(good)))] if good else [])]


def _in_order(tables: int) -> str:
    if tables == 1:
        return "1 table and its indexes are in order"
    return f"{tables} tables and their indexes are in order"


def _verdict(findings: list[Finding], wrong: list[Finding]) -> str:
    if not wrong:
        return "the database is sound"
    named = ", ".join(item.check for item in wrong[:_MOST_NAMED])
    more = f" and {len(wrong) - _MOST_NAMED} more" if len(wrong) > _MOST_NAMED else ""
    failed = f"{len(wrong)} of {counted(len(findings), 'check')} failed"
    return printable(f"the database is not sound: {failed}: {named}{more}")
