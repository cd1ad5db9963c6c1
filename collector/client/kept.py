"""What a record keeps of the caller's objects: copies of the containers, and how large it all is."""

from __future__ import annotations

from typing import Any

FIELD_BYTES = 100  # what a field takes besides its text, roughly


def keep(fields: dict[str, Any]) -> int:
    """Put copies in the place of lists and dicts, and estimate the bytes of all.

    What cannot be copied stays the caller's. Texts deeper than one level are not counted: looking for
    them would cost the caller more than the bound is worth.
    """
    size = FIELD_BYTES * (len(fields) + 1)
    for name, value in fields.items():
        if isinstance(value, (str, bytes)):
            size += len(value)
        elif isinstance(value, (dict, list, tuple)):
            try:
                fields[name], more = _copied(value)
            except Exception as error:  # noqa: BLE001  # the caller's own code, or no end
                fields[name] = Unusable(error)
                continue
            size += more
    return size


class Unusable:
    """Stands for a value that could not be copied: the sender refuses the record, and says why."""

    def __init__(self, error: Exception) -> None:
        self._why = f"{type(error).__name__} while it was copied"

    def __str__(self) -> str:
        return self._why


def _copied(value: dict[Any, Any] | list[Any] | tuple[Any, ...]) -> tuple[object, int]:
    copy: dict[Any, Any] | list[Any] = dict(value) if isinstance(value, dict) else list(value)
    size = FIELD_BYTES * len(copy)
    for item in copy.values() if isinstance(copy, dict) else copy:
        if isinstance(item, (str, bytes)):
            size += len(item)
        elif isinstance(item, (dict, list, tuple)):
            from copy import deepcopy  # noqa: PLC0415  # what most records never need

            return deepcopy(copy), size
    return copy, size
