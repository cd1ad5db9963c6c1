"""The documents of a stored change, of each only what is as expected: one bad row spoils no answer. Pure."""

from __future__ import annotations

from typing import Annotated, Any, TypedDict

import msgspec

_Count = Annotated[int, msgspec.Meta(ge=0)]
_Value = bool | float | str | None


class _Figure(TypedDict):
    before: _Value
    after: _Value
    moved: bool | None


class _Process(_Figure):
    name: str


class _Others(TypedDict):
    moved: _Count
    of: _Count
    workloads: dict[str, _Figure]


class _Trend(TypedDict):
    before: list[float]
    after: list[float]


# What is not among these is a figure.
_SHAPES: dict[str, Any] = {
    "only_noisy": bool,
    "left_out": _Count,
    "noisy_between": _Count,
    "stretch_s": _Count,
    "stretches": _Count,
    "sure_by": tuple[_Count, _Count],
    "settled": bool,
    "others": _Others,
    "process": _Process,
}


def evidence(text: str | None) -> dict[str, Any]:
    """The figures behind a verdict; empty where they cannot be read."""
    read = _read(text)
    if not isinstance(read, dict):
        return {}
    kept = {name: value for name, value in read.items() if _fits(value, _SHAPES.get(name, _Figure))}
    if "stretches" not in kept or "stretch_s" not in kept:
        return {name: value for name, value in kept.items() if name not in ("stretches", "stretch_s")}
    return kept


def trend(text: str | None) -> dict[str, list[float]]:
    """The medians around a change; none where they cannot be read."""
    read = _read(text)
    return read if _fits(read, _Trend) else {"before": [], "after": []}


def _read(text: str | None) -> Any:
    try:
        return None if text is None else msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError):
        return None


def _fits(value: Any, shape: Any) -> bool:
    try:
        msgspec.convert(value, shape)
    except msgspec.ValidationError:
        return False
    return True
