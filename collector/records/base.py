"""What a record kind is: a Peewee model that is the table, the validator and the documentation at once.

Its columns are declared with the field classes of `collector.records.columns`. From them come the
table, the struct that travels through the buffer, and the INSERT.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, Literal, NamedTuple, Protocol, TypeVar

import msgspec

from collector.orm import peewee
from collector.records.columns import (
    Document,
    Flag,
    Real,
    Reference,
    Text,
    Timestamp,
    Whole,
)
from collector.records.insertion import Insertion, Row
from collector.registry import Registry

__all__ = [
    "KINDS",
    "KINDS_BY_MODEL",
    "KINDS_BY_STRUCT",
    "Arrival",
    "Document",
    "Family",
    "Flag",
    "Kind",
    "Part",
    "Real",
    "Record",
    "Reference",
    "Text",
    "Timestamp",
    "Whole",
    "forget",
    "kind",
    "once",
    "pushed_kinds",
    "typed",
]

Family = Literal["machine", "recorder", "workload", "reported", "answers"]


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


class Statements(Protocol):
    """What knows the statements that came in so far."""

    def of(self, sql: str, dialect: str) -> tuple[str, str, int]:
        """The fingerprint of ``sql``: (hash, normalised text, version of the rules)."""
        ...

    def sample(self, sql: str, dialect: str) -> str:
        """``sql`` as it was written, with ? for every literal."""
        ...

    def is_new(self, query_hash: str) -> bool:
        """Whether nothing with this hash came in before; only the first to ask hears yes."""
        ...

    def withdraw(self, query_hash: str) -> None:
        """Forget that it was asked: the record is not stored."""
        ...


class Arrival(NamedTuple):
    """What is known when a record comes in from outside: the moment, and the statements seen so far."""

    now_ms: int
    statements: Statements | None = None


# Looks at the columns of a record as they were sent, before they are checked: may add what follows from
# them, and take out keys that are no columns. Raises ValueError with what is wrong with such keys, one
# argument each.
Arrive = Callable[[dict[str, Any], Arrival], None]


@dataclass(frozen=True)
class Part:
    """Rows of another table that come inside a record, and are stored with it or not at all.

    ``field`` of the record's struct holds the part; ``key`` is the record's column that the part's
    first column takes over, or empty.
    """

    field: str
    model: type[Record]
    struct: type[msgspec.Struct]
    key: str = ""

    @cached_property
    def insertion(self) -> Insertion:
        """How its rows are stored."""
        own = KINDS_BY_MODEL.get(self.model)
        return own.insertion if own is not None else Insertion(self.table, _given(self.model))

    @property
    def table(self) -> str:
        """The table's name."""
        return str(self.model._meta.table_name)

    def statement(self, records: Iterable[Any]) -> tuple[str, Iterable[Row]]:
        """The INSERT of the part in all records that have it, and its rows."""
        return self.insertion.of(self.rows(records))

    @cached_property
    def given(self) -> list[Any]:
        """The columns that a record brings along inside."""
        return _given(self.model)[1 if self.key else 0 :]

    @cached_property
    def documents(self) -> list[Any]:
        """Those of them that hold JSON."""
        return [column for column in self.given if isinstance(column, Document)]

    def rows(self, records: Iterable[Any]) -> Iterator[Row]:
        """The rows of the part in all records that have it."""
        for record in records:
            part = getattr(record, self.field)
            if part is not None:
                row = msgspec.structs.astuple(part)
                yield (getattr(record, self.key), *row) if self.key else row


@dataclass(frozen=True)
class Kind:
    """Everything the rest of the program needs to know about one kind of record."""

    name: str
    family: Family
    model: type[Record]
    struct: Callable[..., msgspec.Struct]
    pushed: bool
    parts: tuple[Part, ...] = ()
    arrive: Arrive | None = None
    inputs: tuple[str, ...] = ()
    key: str = ""
    source: str = ""
    replaces: bool = False
    per: tuple[str, ...] | None = None

    @property
    def table(self) -> str:
        """The table's name."""
        return str(self.model._meta.table_name)

    @cached_property
    def insertion(self) -> Insertion:
        """How its rows are stored."""
        return Insertion(self.table, self.given, replacing=self.given[0].column_name if self.replaces else "")

    def statement(self, records: Iterable[msgspec.Struct]) -> tuple[str, Iterable[Row]]:
        """The INSERT of these records, and its rows; for `executemany`."""
        return self.insertion.of(map(msgspec.structs.astuple, records))

    @property
    def columns(self) -> list[peewee.Field]:
        """All columns in table order."""
        return list(self.model._meta.sorted_fields)

    @cached_property
    def given(self) -> list[Any]:
        """The columns that a record brings along."""
        return _given(self.model)

    @cached_property
    def documents(self) -> tuple[int, ...]:
        """Where in a row JSON stands."""
        return _documents(self.given)

    @cached_property
    def document_columns(self) -> list[Any]:
        """The columns that hold JSON."""
        return [self.given[i] for i in self.documents]

    @cached_property
    def has_documents(self) -> bool:
        """Whether JSON stands in it or in one of its parts."""
        return bool(self.documents) or any(part.documents for part in self.parts)

    @cached_property
    def stamped(self) -> tuple[str, ...]:
        """Columns that get the moment of arrival when they are left out."""
        return tuple(
            column.column_name for column in self.given if isinstance(column, Timestamp) and column.arrival
        )

    @cached_property
    def is_sample(self) -> bool:
        """Whether its rows are rolled up, and known by their moment instead of a number."""
        return self.per is not None and not isinstance(self.model._meta.primary_key, peewee.AutoField)

    @cached_property
    def moment(self) -> str | None:
        """The column that says when it was; None when there is none."""
        times = [column.column_name for column in self.columns if isinstance(column, Timestamp)]
        return "timestamp" if "timestamp" in times else times[0] if times else None


KINDS: Registry[Kind] = Registry("record kind")
KINDS_BY_MODEL: dict[type[Record], Kind] = {}
KINDS_BY_STRUCT: dict[Callable[..., msgspec.Struct], Kind] = {}

M = TypeVar("M", bound=type[Record])


def kind(
    name: str,
    family: Family,
    *,
    source: str = "the sender",
    pushed: bool = False,
    parts: Mapping[str, type[Record]] | None = None,
    key: str = "",
    arrive: Arrive | None = None,
    inputs: tuple[str, ...] = (),
    replaces: bool = False,
    per: tuple[str, ...] | None = None,
) -> Callable[[M], M]:
    """Announce a model as the record kind ``name``; ``pushed`` ones may come from outside.

    ``source`` says in the documentation where its values come from.
    ``parts`` are records of other tables that come inside one of this kind, each under its name; the
    first column of each takes over the column ``key`` of this one. ``inputs`` are keys that ``arrive``
    makes columns of. ``replaces``: the first column is the key, and the newest row of a key stays.
    ``per`` are the columns, its own or of the record it belongs to, apart by which its numbers are rolled
    up; those of the machine are, all together, where it is left out, and others are not rolled up then.
    """
    if per is None and family == "machine":
        per = ()

    def announce(model: M) -> M:
        made_parts = tuple(_part(field, part, key) for field, part in (parts or {}).items())
        struct = _struct(name if pushed else None, model, made_parts)
        made = Kind(
            name, family, model, struct, pushed, made_parts, arrive, inputs, key, source, replaces, per
        )
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


def pushed_kinds() -> dict[str, Kind]:
    """The kinds that may come from outside, by name."""
    return {kind.name: kind for kind in KINDS.values() if kind.pushed}


def once(model: type[Record]) -> None:
    """Index the sender's own ids, so that a second record with the same one is not stored."""
    column: Any = model.record_id  # type: ignore[attr-defined]
    name = f"{model._meta.table_name}_record_id"
    model.add_index(model.index(column, unique=True, where=column.is_null(False), name=name))


def _given(model: type[Record]) -> list[peewee.Field]:
    """The columns that a record brings along; the database numbers the rest itself."""
    return [f for f in model._meta.sorted_fields if not isinstance(f, peewee.AutoField)]


def _documents(columns: Iterable[Any]) -> tuple[int, ...]:
    return tuple(i for i, column in enumerate(columns) if isinstance(column, Document))


def _part(field: str, model: type[Record], key: str) -> Part:
    struct = msgspec.defstruct(
        f"{model.__name__}Part", _fields(_given(model)[1 if key else 0 :]),
        frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False,
    )  # fmt: skip
    return Part(field, model, struct, key)


def _struct(tag: str | None, model: type[Record], parts: tuple[Part, ...]) -> type[msgspec.Struct]:
    """The struct that travels: typed and ranged like the columns. A ``tag`` is its ``kind`` in JSON."""
    return msgspec.defstruct(
        model.__name__,
        [*_fields(_given(model)), *((part.field, part.struct | None, None) for part in parts)],
        frozen=True,
        kw_only=True,
        forbid_unknown_fields=True,
        gc=False,
        tag_field="kind" if tag else None,
        tag=tag,
        # What a sender calls `id` is not our row's number.
        rename={"record_id": "id"},
    )


def _fields(columns: Iterable[Any]) -> list[tuple[str, Any, Any]]:
    fields: list[tuple[str, Any, Any]] = []
    for field in columns:
        checked = typed(field)
        default = (
            field.default
            if field.default is not None
            else None
            if _may_be_left_out(field)
            else msgspec.NODEFAULT
        )
        fields.append((field.column_name, checked, default))
    return fields


def typed(column: Any) -> Any:
    """The type that msgspec checks a column's value against."""
    checked: Any = Annotated[column.python_type, msgspec.Meta(**column.rules)]
    return checked | None if _may_be_left_out(column) else checked


def _may_be_left_out(column: Any) -> bool:
    """Whether null may come in: it is stored as that, or the INSERT puts something there."""
    return bool(column.null or getattr(column, "filled_by", ""))
