"""Timing a block or a function: how long it took, and whether it ended well, becomes a record."""

from __future__ import annotations

import sys
import time
from collections.abc import AsyncGenerator, Callable, Generator
from contextvars import ContextVar
from functools import wraps
from types import TracebackType
from typing import Any, Protocol, TypeVar, cast

Function = TypeVar("Function", bound=Callable[..., Any])


class Record(Protocol):
    """What takes a record; see `collector.client.Client.record`."""

    def __call__(self, kind: str, /, **fields: Any) -> None:
        """Take one."""


class Span:
    """One timed entry. ``set`` adds columns to its record."""

    __slots__ = ("__weakref__", "_began", "_fields", "_name", "_timed", "_timestamp", "is_open", "outer")

    def __init__(self, timed: Timed, name: str) -> None:
        self._timed = timed
        self._name = name
        self._fields: dict[str, Any] = {}
        self.outer: Span | None = None
        self.is_open = True
        self._timestamp = int(time.time() * 1000)
        self._began = time.perf_counter()

    def set(self, /, **fields: Any) -> None:
        """Add columns, or change what would be recorded by itself, such as ``success=False``."""
        self._fields.update(fields)

    def __enter__(self) -> Span:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        seconds = time.perf_counter() - self._began
        self.is_open = False
        # A generator that its consumer closes early has done what was asked of it.
        failed = kind is not None and not issubclass(kind, GeneratorExit)
        fields = {"timestamp": self._timestamp, **self._timed.fields, **self._fields}
        self._timed.report(self._name, seconds, failed, fields)

    def is_of(self, timed: Timed) -> bool:
        """Whether it is an entry of ``timed`` that was not left yet."""
        return self.is_open and self._timed is timed


# The innermost span of this thread or task, linked to those around it.
_innermost: ContextVar[Span | None] = ContextVar("collector_span", default=None)


def _innermost_open() -> Span | None:
    """What was left in another order than it was entered is passed over."""
    span = _innermost.get()
    while span is not None and not span.is_open:
        span = span.outer
    return span


class Timed:
    """A context manager, and a decorator of functions, coroutine functions and generator functions.

    May be entered any number of times, by any number of threads and tasks. What is raised inside passes
    through, and the record says that it failed.
    """

    def __init__(self, record: Record, kind: str, name: str | None, fields: dict[str, Any]) -> None:
        self._record = record
        self._kind = kind
        self._name = name
        self._spans: list[Span] = []
        self.fields = fields

    def __enter__(self) -> Span:
        # Without a name it is called after the function that the block stands in.
        span = Span(self, self._name or sys._getframe(1).f_code.co_qualname)
        span.outer = _innermost_open()
        _innermost.set(span)
        self._spans.append(span)
        return span

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        span = _innermost.get()
        if span is not None and span.is_of(self):
            _innermost.set(span.outer)
        while span is not None and not span.is_of(self):
            span = span.outer
        if span is None:  # left in another thread or task than entered
            span = self._spans[-1]
        self._spans.remove(span)
        span.__exit__(kind, error, trace)

    def __call__(self, function: Function) -> Function:
        """Time every call of ``function``; a generator from its first step to its end."""
        import inspect  # noqa: PLC0415  # 6 ms, which only decorators need

        name: str = self._name or getattr(function, "__qualname__", "") or type(function).__qualname__
        wrapper: Callable[..., Any]
        if inspect.iscoroutinefunction(function):
            wrapper = _coroutine(self, name, function)
        elif inspect.isasyncgenfunction(function):
            wrapper = _async_generator(self, name, function)
        elif inspect.isgeneratorfunction(function):
            wrapper = _generator(self, name, function)
        else:
            wrapper = _plain(self, name, function)
        return cast(Function, wraps(function)(wrapper))

    def report(self, name: str, seconds: float, failed: bool, fields: dict[str, Any]) -> None:
        """Record one entry in the columns of its kind."""
        kind, columns = _columns(self._kind, name, seconds)
        columns.update(fields)
        if kind == "run":
            columns.setdefault("outcome", "ok")
            outcome: dict[str, Any] = {"outcome": "failed"}
        else:
            columns.setdefault("success", True)
            outcome = {"success": False}
        if failed:
            columns.update(outcome)
        self._record(kind, **columns)


def _columns(kind: str, name: str, seconds: float) -> tuple[str, dict[str, Any]]:
    if kind == "skill":
        return kind, {"skill_id": name, "execution_ms": seconds * 1000, "tokens_in": 0, "tokens_out": 0}
    if kind == "inference":
        zeros = dict.fromkeys(("input_tokens", "output_tokens", "query_length", "response_length"), 0)
        return kind, {"model_name": name, "task_type": "generate", "inference_time": seconds, **zeros}
    if kind == "run":
        return kind, {"workload": name, "wall_ms": seconds * 1000}
    return "operation", {"metric_type": kind, "metric_name": name, "duration_ms": seconds * 1000}


def _plain(timed: Timed, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        with Span(timed, name):
            return function(*args, **kwargs)

    return call


def _coroutine(timed: Timed, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    async def call(*args: Any, **kwargs: Any) -> Any:
        with Span(timed, name):
            return await function(*args, **kwargs)

    return call


def _generator(timed: Timed, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        with Span(timed, name):
            return (yield from function(*args, **kwargs))

    return call


def _async_generator(timed: Timed, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    async def call(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
        with Span(timed, name):
            inner = function(*args, **kwargs)
            step = inner.__anext__()
            # What `yield from` does, which async generators lack: pass on all that comes in.
            while True:
                try:
                    item = await step
                except StopAsyncIteration:
                    return
                try:
                    step = inner.asend((yield item))
                except GeneratorExit:
                    await inner.aclose()
                    raise
                except BaseException as error:  # noqa: BLE001  # not handled here: it is the inner one's
                    step = inner.athrow(error)

    return call
