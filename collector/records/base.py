"""What a record kind is: a Peewee model that is the table, the validator and the documentation at once.

Columns are declared with the four field classes below, which carry unit and range beside the help
text. From them come the table, the struct that travels through the buffer, and the INSERT.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeVar

import msgspec

from collector.orm import peewee
from collector.registry import Registry

Family = Literal["machine", "recorder", "workload", "reported"]
INT64 = (-(2**63), 2**63 - 1)


class Whole(peewee.BigIntegerField):
    """A 64-bit integer column; ``unit`` and the range are stated in the model."""

    python_type = int

    def __init__(
        self,
        help_text: str,
        *,
        unit: str = "",
        minimum: int = INT64[0],
        maximum: int = INT64[1],
        **options: Any,
    ) -> None:
        super().__init__(help_text=help_text, **options)
        self.unit = unit
        self.rules = {"ge": minimum, "le": maximum}


class Real(peewee.DoubleField):
    """A finite floating-point column."""

    python_type = float

    def __init__(
        self,
        help_text: str,
        *,
        unit: str = "",
        minimum: float = -1.7e308,
        maximum: float = 1.7e308,
        **options: Any,
    ) -> None:
        super().__init__(help_text=help_text, **options)
        self.unit = unit
        # The bounds also keep infinity out: JSON readers turn 1e999 into it.
        self.rules = {"ge": minimum, "le": maximum}


class Text(peewee.TextField):
    """A UTF-8 column of at most ``longest`` characters, one of ``choices``, or like ``pattern``."""

    python_type = str

    def __init__(
        self,
        help_text: str,
        *,
        unit: str = "",
        longest: int = 1000,
        choices: tuple[str, ...] = (),
        pattern: str = "",
        **options: Any,
    ) -> None:
        super().__init__(help_text=help_text, **options)
        self.unit = unit
        self.rules: dict[str, Any] = {"max_length": longest}
        if choices or pattern:
            self.rules["pattern"] = pattern or f"^(?:{'|'.join(choices)})$"


class Flag(peewee.BooleanField):
    """True or false, stored as 1 or 0."""

    python_type = bool

    def __init__(self, help_text: str, *, unit: str = "", **options: Any) -> None:
        super().__init__(help_text=help_text, **options)
        self.unit = unit
        self.rules: dict[str, Any] = {}


class Timestamp(Whole):
    """Milliseconds since the Unix epoch, UTC."""

    def __init__(self, help_text: str = "when it was measured", **options: Any) -> None:
        # Up to the year 9999: beyond it no clock of ours can print the value.
        super().__init__(help_text, unit="ms", minimum=0, maximum=253_402_300_799_999, **options)


class Record(peewee.Model):
    """The base of every table."""

    class Meta:
        legacy_table_names = False
        strict_tables = True

    @classmethod
    def record(cls, **columns: Any) -> msgspec.Struct:
        """Make one record of this kind, ready to be put into the buffer.

        Columns with a default may be left out; a missing or unknown one raises TypeError.
        """
        return KINDS_BY_MODEL[cls].struct(**columns)


@dataclass(frozen=True)
class Kind:
    """Everything the rest of the program needs to know about one kind of record."""

    name: str
    family: Family
    model: type[Record]
    struct: Callable[..., msgspec.Struct]
    insert: str
    pushed: bool

    @property
    def table(self) -> str:
        """The table's name."""
        return str(self.model._meta.table_name)

    def rows(self, records: Iterable[msgspec.Struct]) -> Iterator[tuple[Any, ...]]:
        """The records as rows in the order of `insert`."""
        return map(msgspec.structs.astuple, records)

    @property
    def columns(self) -> list[peewee.Field]:
        """All columns in table order."""
        return list(self.model._meta.sorted_fields)


KINDS: Registry[Kind] = Registry("record kind")
KINDS_BY_MODEL: dict[type[Record], Kind] = {}
KINDS_BY_STRUCT: dict[Callable[..., msgspec.Struct], Kind] = {}

M = TypeVar("M", bound=type[Record])


def kind(name: str, family: Family, *, pushed: bool = False) -> Callable[[M], M]:
    """Announce a model as the record kind ``name``; ``pushed`` ones may come from outside."""

    def announce(model: M) -> M:
        struct = _struct(name if pushed else None, model)
        made = Kind(name, family, model, struct, _insert(model), pushed)
        KINDS.add(name, made)
        KINDS_BY_MODEL[model] = made
        KINDS_BY_STRUCT[struct] = made
        return model

    return announce


def forget(name: str) -> None:
    """Take a kind back; for tests that announce one of their own."""
    made = KINDS[name]
    KINDS.remove(name)
    del KINDS_BY_MODEL[made.model], KINDS_BY_STRUCT[made.struct]


def _given(model: type[Record]) -> list[peewee.Field]:
    """The columns that a record brings along; the database numbers the rest itself."""
    return [f for f in model._meta.sorted_fields if not isinstance(f, peewee.AutoField)]


def _struct(tag: str | None, model: type[Record]) -> type[msgspec.Struct]:
    """The struct that travels: typed and ranged like the columns. A ``tag`` is its ``kind`` in JSON."""
    fields: list[tuple[str, Any, Any]] = []
    field: Any  # one of the classes above, or a plain Peewee field with the same two attributes
    for field in _given(model):
        checked: Any = Annotated[field.python_type, msgspec.Meta(**field.rules)]
        default = field.default if field.default is not None else None if field.null else msgspec.NODEFAULT
        fields.append((field.column_name, checked | None if field.null else checked, default))
    return msgspec.defstruct(
        model.__name__,
        fields,
        frozen=True,
        kw_only=True,
        forbid_unknown_fields=True,
        gc=False,
        tag_field="kind" if tag else None,
        tag=tag,
    )


def _insert(model: type[Record]) -> str:
    """One INSERT for `executemany`; a row whose key is stored already is left out and counted.

    Not INSERT OR IGNORE: that would leave out rows that break NOT NULL or CHECK too, in silence.
    """
    columns = dict.fromkeys(_given(model))
    sql, _ = model.insert(columns).bind(_DIALECT).sql()
    return f"{sql} ON CONFLICT DO NOTHING"


# Only the dialect of it is used, to have Peewee write SQL; it is never connected.
_DIALECT = peewee.SqliteDatabase(None)
