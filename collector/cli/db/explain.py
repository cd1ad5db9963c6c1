"""``collector db explain``: how a database goes about a query, and what stands out in that."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from typing import Any, NamedTuple

import click

from collector import clock, inspection, targets
from collector.answers import explain
from collector.cli.db._target import target_of, target_options, waited
from collector.commands import config_option, json_option
from collector.errors import CollectorError, UsageError
from collector.fingerprint import fingerprint, redacted
from collector.inspection import Target
from collector.moments import at_minute
from collector.opened import opened, reading_settings
from collector.plans import advice, as_dialect, redacted_plan, remarks
from collector.tables import print_facts
from collector.terminal import print_json, printable, terminal_width
from collector.units import Duration, duration
from collector.workloads.execution import is_readable
from collector.workloads.sql import Sql

Document = dict[str, Any]

_EMPTIED = re.compile(r"delete from (?P<table>\S+).*", re.IGNORECASE)


class Asked(NamedTuple):
    """A statement: as it can be explained, as it is shown, its fingerprint, and the plan that is stored."""

    sql: str
    text: str
    query_hash: str
    dialect: str
    stored: Document | None
    is_typed: bool = True


@click.command()
@click.argument("query", required=False, metavar="[QUERY|FINGERPRINT]")
@target_options
@config_option
@json_option
def command(query: str | None, timeout: Duration, config: Path | None, as_json: bool, **given: Any) -> None:
    """Show how a database would go about a query: its plan, with full scans and sorts in words.

    The query itself is not run. PostgreSQL's planner evaluates functions that are marked IMMUTABLE and take
    constants: one of your own may run, for a few seconds at most and in a transaction that only reads.

    QUERY is one statement; FINGERPRINT six digits or more of one that `collector slow` shows. Without a
    target the query is about our own file, and of a fingerprint the plan that was seen last is shown.
    """
    target = target_of(config, given)
    asked = _asked(query, target, config)
    document = _document(asked, _plan(asked, target, config, timeout))
    if as_json:
        print_json(document)
    else:
        _print(document)


def _asked(query: str | None, target: Sql | Target | None, config: Path | None) -> Asked:
    if query is None and isinstance(target, Sql):
        query = target.query
    if query is None or not query.strip():
        raise UsageError("which query?", hint="give one in quotes, a fingerprint, or --workload NAME")
    dialect = "sqlite" if target is None else targets.scheme(target.database)
    if explain.is_fingerprint(query):
        with opened(config) as (_, database):
            row = explain.statement(database, query)
            stored = explain.stored_plan(database, row["query_hash"])
        said = row["sample"] or row["text"]
        return Asked(
            said, said, row["query_hash"], row["dialect"] if target is None else dialect, stored, False
        )
    query_hash = fingerprint(query, as_dialect(dialect)).hash
    return Asked(
        query, redacted(query, as_dialect(dialect)), query_hash, dialect, _stored(query_hash, config)
    )


def _stored(query_hash: str, config: Path | None) -> Document | None:
    """The stored plan of a statement that was typed; a record that is not there has none."""
    try:
        with opened(config) as (_, database):
            return explain.stored_plan(database, query_hash)
    except CollectorError:
        return None


def _plan(
    asked: Asked, target: Sql | Target | None, config: Path | None, timeout: Duration
) -> tuple[str, str] | None:
    """The database, without a password, and its plan; None where only a stored one is wanted."""
    if target is not None:
        return _fresh(asked, target, timeout)
    ours = Target(f"sqlite:///{reading_settings(config).database}")
    if asked.is_typed:
        return _fresh(asked, ours, timeout)
    if asked.stored or asked.dialect not in ("sqlite", "generic"):
        return None
    try:
        return _fresh(asked, ours, timeout)
    except CollectorError:
        return None  # a statement of an application, about tables that we do not have


def _fresh(asked: Asked, target: Sql | Target, timeout: Duration) -> tuple[str, str]:
    dialect = targets.scheme(target.database)
    plan = waited(
        lambda children: inspection.explain(target, asked.sql, children, timeout),
        f"asking {dialect}", timeout,
    )  # fmt: skip
    return inspection.shown_url(target.database), redacted_plan(plan, dialect)


def _document(asked: Asked, fresh: tuple[str, str] | None) -> Document:
    """Everything that is told; ``plan`` is the stored one where none was asked for."""
    stored = asked.stored
    database, plan = fresh or (None, stored["plan"] if stored else None)
    dialect = asked.dialect
    if fresh is None and stored:
        dialect = stored["dialect"]
    return {
        "query": asked.text,
        "query_hash": asked.query_hash,
        "database": database,
        "dialect": dialect,
        "plan": plan,
        "remarks": [] if plan is None else _remarks(plan, dialect, asked.text),
        "stored": stored,
    }


def _remarks(plan: str, dialect: str, sql: str) -> list[str]:
    """What stands out in a plan, one that has no steps or cannot be read as well, and what would help."""
    generic = fingerprint(sql, as_dialect(dialect)).text
    if not plan.strip():
        return [_without_steps(generic)]
    if not is_readable(plan):
        return ["the plan could not be read"]
    found = remarks(plan, dialect, sql)
    served = advice(generic, dialect, found)
    return [*found, *([served] if served else [])]


def _without_steps(generic: str) -> str:
    """What SQLite does for a normalised statement that it plans without any. Source: sqlite.org/eqp.html."""
    emptied = _EMPTIED.fullmatch(generic)
    if emptied is None:
        return "it looks for no rows"
    table = emptied["table"].replace('"', "")
    return f"every row of {'the table' if table == '?' else table}, which is emptied at once"


def _print(document: Document) -> None:
    stored, plan = document["stored"], document["plan"]
    facts = [("query", document["query"].split(), " "), ("fingerprint", [document["query_hash"]], "")]
    if document["database"]:
        facts.append(("database", [document["database"]], ""))
    print_facts(facts)
    click.echo()
    if plan is None:
        click.echo("no plan of it is stored; ask its database with --database URL or --workload NAME")
        return
    if document["database"]:
        _print_plan("plan now", plan)
    if stored:
        _print_plan(_seen(stored), stored["plan"])
    if document["database"] and not document["remarks"]:
        click.echo("nothing stands out: no full scan, no sort")
    for remark in document["remarks"]:
        click.echo(printable(f"→ {remark}"))


def _seen(stored: Document) -> str:
    took = "" if stored["duration_ms"] is None else f", of a run that took {duration(stored['duration_ms'])}"
    return f"plan seen {at_minute(stored['timestamp'], clock.now().wall_ms)} by {stored['source']}{took}"


def _print_plan(title: str, plan: str) -> None:
    click.echo(printable(f"{title}:"))
    for line in plan.splitlines() or ["no steps"]:  # SQLite says nothing then
        _print_indented(line)
    click.echo()


def _print_indented(line: str) -> None:
    """A line of a plan; where a terminal ends, it goes on below, further in than it began."""
    width, told = terminal_width(), printable(line)
    indent = " " * (2 + len(told) - len(told.lstrip()))
    if width is None or len(indent) + len(told.strip()) <= width:
        click.echo(indent + told.strip())
    else:
        more = indent + "      "
        click.echo(textwrap.fill(told.strip(), width, initial_indent=indent, subsequent_indent=more))
