"""``collector db verify``."""

from __future__ import annotations

from pathlib import Path

import click

from collector.answers import soundness
from collector.answers.soundness import Finding
from collector.commands import config_option, json_option
from collector.opened import any_reader, reading_settings
from collector.terminal import paint, print_json, printable, with_progress

_MARKS = {"ok": ("✓", "green"), "warning": ("!", "yellow"), "wrong": ("✗", "red")}


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
    """Every finding, the pages that are in order as one; the verdict last."""
    pages = [item for item in findings if item.check.startswith("pages of ") and item.state == "ok"]
    shown = [item for item in findings if item not in pages]
    if pages:
        shown.append(Finding("pages", "ok", _in_order(len(pages))))
    width = max(len(item.check) for item in shown)
    for item in shown:
        mark, colour = _MARKS[item.state]
        first, *more = [*item.found.splitlines(), *([f"→ {item.advice}"] if item.advice else [])]
        click.echo(f"{paint(mark, colour)} {item.check:<{width}}  {printable(first)}")
        for line in more:
            click.echo(f"  {'':<{width}}  {printable(line)}")
    wrong = sum(item.state == "wrong" for item in findings)
    click.echo(
        "the database is sound"
        if not wrong
        else f"the database is not sound: {wrong} of {len(findings)} checks failed"
    )


def _in_order(tables: int) -> str:
    if tables == 1:
        return "1 table and its indexes are in order"
    return f"{tables} tables and their indexes are in order"
