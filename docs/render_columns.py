"""Write collector/api/creating.py from the models: what a type checker knows of each kind's columns.

Run by hand after a column was added; a test fails when the file differs from what this makes.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import collector.records  # noqa: F401  # announces every kind
from collector.records.base import Kind, Part, pushed_kinds
from collector.records.columns import Document, Timestamp

PLACE = Path(__file__).parents[1] / "collector/api/creating.py"

_HEAD = '''"""Creating a record, with the columns of each kind as a type checker needs them.

Made from the models by `docs/render_columns.py`; not to be edited.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import datetime
from typing import Any, Literal, Required, TypedDict, Unpack, overload

Moment = int | str | datetime
Json = dict[str, Any] | list[Any]
'''
_CLASS = '''

class Creating(ABC):
    """Has `create`."""
'''
_OVERLOAD = """
    @overload
    def create(self, kind: Literal["{kind}"], /, **columns: Unpack[{name}]) -> str: ...
"""
_END = '''
    def create(self, kind: str, /, **columns: Any) -> str:
        """Store one record; gives back what it is known by, made where none is given.

        That is its ``id`` (``run_id`` of a benchmark). A record with an id that is stored already is not
        stored again. Raises Refused with all that is wrong with it.
        """
        return self._create(kind, columns)

    @abstractmethod
    def _create(self, kind: str, columns: dict[str, Any]) -> str: ...
'''


def module() -> str:
    """The whole file."""
    kinds = pushed_kinds().values()
    types = "".join(_types(kind) for kind in kinds)
    overloads = "".join(_OVERLOAD.format(kind=kind.name, name=_name(kind)) for kind in kinds)
    return _HEAD + types + _CLASS + overloads + _END


def _types(kind: Kind) -> str:
    inside = [part for part in kind.parts if part.key]
    parts = "".join(
        _type(f"{part.model.__name__}Columns", part.model.__doc__, _fields(part.given)) for part in inside
    )
    return parts + _type(_name(kind), kind.model.__doc__, [*_fields(kind.given), *_others(kind, inside)])


def _type(name: str, about: str | None, fields: list[str]) -> str:
    first = " ".join((about or "").split("\n\n")[0].split())
    lines = "".join(f"    {field}\n" for field in fields)
    return f'\n\nclass {name}(TypedDict, total=False):\n    """{first}"""\n\n{lines}'


def _fields(columns: list[Any]) -> list[str]:
    return [_field(column) for column in columns]


def _field(column: Any) -> str:
    name = "id" if column.column_name == "record_id" else column.column_name
    is_moment, is_json = isinstance(column, Timestamp), isinstance(column, Document)
    kind = "Moment" if is_moment else "Json" if is_json else column.python_type.__name__
    may_be_left_out = getattr(column, "filled_by", "") or getattr(column, "arrival", False)
    if column.null or may_be_left_out:
        return f"{name}: {kind} | None"
    is_given = column.default is not None or column.primary_key  # a key is made where none is given
    return f"{name}: {kind}" if is_given else f"{name}: Required[{kind}]"


def _others(kind: Kind, inside: list[Part]) -> Iterator[str]:
    """What is no column: parts, what the kind makes columns of, and the id of one with a key of its own."""
    for part in inside:
        yield f"{part.field}: {part.model.__name__}Columns | None"
    for name in kind.inputs:
        yield f"{name}: {'Moment' if name == 'timestamp' else 'str'} | None"


def _name(kind: Kind) -> str:
    return f"{kind.model.__name__}Columns"


if __name__ == "__main__":
    PLACE.write_text(module(), encoding="utf-8")
