"""Commands whose first word is a kind of record, which brings options of its own: one per indexed column.

``collector show --help`` lists the kinds, ``collector show skill --help`` the options and columns of one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, TypeVar

import click
import msgspec

import collector.records  # noqa: F401  # announces every kind
from collector.answers.indexed import filters, is_bound
from collector.errors import UsageError
from collector.options import Since
from collector.orm import peewee
from collector.records.base import KINDS, Kind
from collector.records.columns import Document, Timestamp, allowed
from collector.registry import nearest

_ALIASES = {
    "model_name": "model", "task_type": "task", "skill_id": "skill", "metric_type": "type",
    "user_id": "user", "pool_name": "pool", "project_name": "project", "benchmark_name": "benchmark",
}  # fmt: skip
_FAMILIES = {
    "machine": "The machine",
    "workload": "Workloads",
    "reported": "What applications report",
    "answers": "Made from what they report",
    "recorder": "The recorder",
}
_PREFIX = "where_"

F = TypeVar("F", bound=Callable[..., Any])


class ByKind(click.Command):
    """A command whose callback gets ``kind`` and ``where`` (column → value) beside its own options."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """Go on with the command of the kind that is named; without one, only the help makes sense."""
        at = self._place_of_kind(args)
        if at is None:
            return super().make_context(info_name, args, parent, **extra)
        kind = named(args[at])
        command = _OfKind(self, kind)
        return command.make_context(f"{info_name} {args[at]}", args[:at] + args[at + 1 :], parent, **extra)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As click does; what comes through without a kind is refused."""
        super().parse_args(ctx, args)
        raise UsageError("which kind of record?", hint=f"there are {', '.join(KINDS)}")

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        """The options that a kind brings stand in its own help."""
        return ["KIND", *super().collect_usage_pieces(ctx)]

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The options of all kinds, then the kinds."""
        super().format_options(ctx, formatter)
        for family, title in _FAMILIES.items():
            with formatter.section(title):
                formatter.write_dl(
                    [(kind.name, about(kind)) for kind in KINDS.values() if kind.family == family]
                )
        formatter.write_paragraph()
        formatter.write_text(f"`{ctx.command_path} KIND --help` tells the filters and columns of one.")

    def _place_of_kind(self, args: list[str]) -> int | None:
        """Where the first word stands that is neither an option nor the value of one."""
        flags = {"-h", "--help"}
        for parameter in self.params:
            if isinstance(parameter, click.Option) and parameter.is_flag:
                flags.update(parameter.opts)
        at = 0
        while at < len(args) and args[at].startswith("-") and args[at] != "-":
            at += 1 if args[at] in flags or "=" in args[at] else 2
        return at if at < len(args) else None


class _OfKind(click.Command):
    """The command for one kind."""

    def __init__(self, general: ByKind, kind: Kind) -> None:
        self.kind = kind
        super().__init__(
            general.name,
            callback=_calling(general, kind),
            params=[*(_option(column) for column in filters(kind)), *general.params],
            help=f"{general.help}\n\n{kind.name}: {about(kind)}",
        )

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As click does; a filter that only other kinds have is answered with those of this one."""
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            own = [max(option.opts, key=len) for option in self.params if isinstance(option, Filter)]
            hint = f"it has {', '.join(own)}" if own else "its rows are asked for by time only"
            raise UsageError(f"{self.kind.name} has no option {error.option_name}", hint=hint) from None

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The options, then every column with its unit."""
        super().format_options(ctx, formatter)
        with formatter.section("Columns"):
            formatter.write_dl([(column.column_name, _told(column)) for column in self.kind.columns])


class Filter(click.Option):
    """An option that asks for the rows with a value in one column."""


def named(name: str) -> Kind:
    """The kind of this name, or with this table; raises UsageError with the nearest."""
    for kind in KINDS.values():
        if name in (kind.name, kind.table):
            return kind
    tables = [kind.table for kind in KINDS.values()]
    close = nearest(name, [*KINDS, *tables])
    raise UsageError(f"no kind of record is named {name!r}{close}", hint=f"there are {', '.join(KINDS)}")


def about(kind: Kind) -> str:
    """The first sentence about a kind, without its full stop."""
    lines = (kind.model.__doc__ or "").strip().split("\n\n")[0].split()
    return " ".join(lines).split(". ")[0].rstrip(".")


def _calling(general: ByKind, kind: Kind) -> Callable[..., Any]:
    def call(**given: Any) -> Any:
        where = {
            name.removeprefix(_PREFIX): given.pop(name) for name in list(given) if name.startswith(_PREFIX)
        }
        assert general.callback is not None
        asked = {column: value for column, value in where.items() if value is not None}
        return general.callback(kind=kind, where=asked, **given)

    return call


class Value(click.ParamType[Any]):
    """What a column may hold, checked as when a record comes in."""

    name = "value"

    def __init__(self, column: Any) -> None:
        self.column = column
        kind = str if isinstance(column, Document) else getattr(column, "python_type", int)
        rules = getattr(column, "rules", {"ge": 1, "le": 2**63 - 1})  # without any, it is a row's number
        self.checked: Any = Annotated[kind, msgspec.Meta(**rules)]

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Read what was typed, or say what is allowed."""
        try:
            found = msgspec.convert(value, self.checked, strict=False)
            str(found).encode()
        except (msgspec.ValidationError, UnicodeEncodeError):
            words = allowed(self.column) if hasattr(self.column, "rules") else "a whole number, 1 or more"
            return self.fail(f"{value!r}: must be {words.removesuffix(' or null')}", param, ctx)
        return found


def _option(column: Any) -> Filter:
    name = column.column_name
    words = [f"--{name.replace('_', '-')}"]
    words += [f"--{_ALIASES[name]}"] if name in _ALIASES else []
    return Filter(
        [*words, f"{_PREFIX}{name}"],
        type=Since() if isinstance(column, Timestamp) else Value(column),
        metavar=_metavar(column),
        help=_help(column),
    )


def _help(column: Any) -> str:
    if isinstance(column, peewee.AutoField):
        return "the one with this number"
    return f"{_told(column)}; so much or more" if is_bound(column) else _told(column)


def _metavar(column: Any) -> str:
    if isinstance(column, Timestamp):
        return "WHEN"
    kind = getattr(column, "python_type", int)
    return "N" if kind in (int, float) else "TRUE|FALSE" if kind is bool else "TEXT"


def _told(column: Any) -> str:
    unit = getattr(column, "unit", "")
    return f"{column.help_text} [{unit}]" if unit and not isinstance(column, Timestamp) else column.help_text
