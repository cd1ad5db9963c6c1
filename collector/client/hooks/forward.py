"""An object that stands before another: what it does not do itself, the other does."""

from __future__ import annotations

from typing import Any


class Forward:
    """Reads, writes and deletes attributes of the real object, and enters and leaves it.

    Only the names in `_mine` belong to the proxy.
    """

    _mine = frozenset({"_real", "_source", "_statement"})
    _real: Any

    def __init__(self, real: Any) -> None:
        self._real = real

    def __getattr__(self, name: str) -> Any:
        if name in self._mine:  # not there yet, as in a copy: the real object cannot be asked
            raise AttributeError(name)
        return getattr(self._real, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in self._mine:
            object.__setattr__(self, name, value)
        else:
            setattr(self._real, name, value)

    def __delattr__(self, name: str) -> None:
        delattr(self._real, name)

    def __enter__(self) -> Any:
        return self._own(self._real.__enter__())

    def __exit__(self, *error: Any) -> Any:
        return self._real.__exit__(*error)

    def _own(self, answer: Any) -> Any:
        """This object where the real one would have answered itself."""
        return self if answer is self._real else answer
