"""`timed`: how long a block or a function took, and that it changes nothing about it."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import inspect
import threading
import time
from collections.abc import AsyncIterator, Callable, Generator
from contextvars import copy_context
from typing import Any
from weakref import ref

import pytest

from collector.client import Client
from tests.client.conftest import Peer, settled

Told = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def told(peer: Peer, client: Client) -> Told:
    """All records that were made, in their order."""

    def look() -> list[dict[str, Any]]:
        settled(client)
        return [*peer.stored.values()]

    return look


def names(told: Told) -> list[tuple[str, bool]]:
    """Name and success of each operation."""
    return [(record["metric_name"], record["success"]) for record in told()]


@pytest.mark.parametrize("kind", ["query", "api", "frontend", "cache"])
def test_an_operation_is_timed_in_ms(client: Client, told: Told, kind: str) -> None:
    """From when it began."""
    before = time.time() * 1000
    with client.timed(kind, name="n", endpoint="/"):
        threading.Event().wait(0.02)
    (record,) = told()
    assert 20 <= record["duration_ms"] < 5000
    assert before - 1 <= record["timestamp"] <= time.time() * 1000 - 20
    del record["duration_ms"], record["timestamp"], record["id"]
    assert record == {
        "kind": "operation", "metric_type": kind, "metric_name": "n", "endpoint": "/", "success": True,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("skill", {"skill_id": "n", "execution_ms": 0, "tokens_in": 0, "tokens_out": 0, "success": True}),
        (
            "inference",
            {
                "model_name": "n", "task_type": "generate", "inference_time": 0, "input_tokens": 0,
                "output_tokens": 0, "query_length": 0, "response_length": 0, "success": True,
            },
        ),
        ("run", {"workload": "n", "wall_ms": 0, "outcome": "ok"}),
    ],
)  # fmt: skip
def test_other_kinds_have_their_own_columns(
    client: Client, told: Told, kind: str, expected: dict[str, Any]
) -> None:
    """With zeros for what only the application knows."""
    with client.timed(kind, "n"):
        pass
    (record,) = told()
    assert record.pop("kind") == kind
    (duration,) = record.keys() & {"execution_ms", "inference_time", "wall_ms"}
    assert 0 < record[duration] < 5000
    assert {**record, duration: 0} == {**expected, "id": record["id"], "timestamp": record["timestamp"]}


def test_columns_are_added_while_it_runs(client: Client, told: Told) -> None:
    """Known only when it is done."""
    with client.timed("inference", name="llama3", input_tokens=3) as span:
        span.set(output_tokens=51, success=False, self=1)
    (record,) = told()
    assert [record[name] for name in ("input_tokens", "output_tokens", "success", "self")] == [
        3,
        51,
        False,
        1,
    ]


@pytest.mark.parametrize(
    "error", [ValueError("x"), KeyboardInterrupt(), SystemExit(3), asyncio.CancelledError(), StopIteration(7)]
)
def test_an_exception_passes_through_unchanged_and_is_recorded(
    client: Client, told: Told, error: BaseException
) -> None:
    """The very same object, from a block and from a function."""

    @client.timed("query", "function")
    def fail() -> None:
        raise error

    with pytest.raises(type(error)) as first, client.timed("query", "block", success=True):
        raise error
    with pytest.raises(type(error)) as second:
        fail()
    assert first.value is second.value is error
    assert names(told) == [("block", False), ("function", False)]


def test_a_failed_run_has_an_outcome(client: Client, told: Told) -> None:
    """Runs have no `success`."""
    with pytest.raises(ZeroDivisionError), client.timed("run", "r"):
        _ = 1 / 0
    (record,) = told()
    assert (record["outcome"], "success" in record) == ("failed", False)


def test_a_decorated_function_keeps_all_that_it_is(client: Client, told: Told) -> None:
    """Name, signature, documentation, arguments and result."""

    @client.timed("api")
    def add(a: int, /, b: int = 2, *, c: int = 3) -> int:
        """Add them."""
        return a + b + c

    assert (add(1, c=4), add.__name__, add.__doc__) == (7, "add", "Add them.")
    assert str(inspect.signature(add)) == "(a: 'int', /, b: 'int' = 2, *, c: 'int' = 3) -> 'int'"
    assert names(told) == [(add.__qualname__, True)]


def test_a_method_and_a_lambda_and_a_builtin_can_be_timed(client: Client, told: Told) -> None:
    """Whatever can be called."""

    class Shop:
        @client.timed("query")
        def orders(self) -> str:
            return "orders"

    assert Shop().orders() == "orders"
    assert client.timed("query", "l")(lambda: 1)() == 1
    assert client.timed("query")(len)("ab") == 2
    assert [name.rpartition(".")[2] for name, _ in names(told)] == ["orders", "l", "len"]


def test_a_block_without_a_name_is_called_after_its_function(client: Client, told: Told) -> None:
    """The one that it stands in."""
    with client.timed("query"):
        pass
    assert names(told) == [("test_a_block_without_a_name_is_called_after_its_function", True)]


def test_a_coroutine_function_stays_one(client: Client, told: Told) -> None:
    """It is timed from its start to its end, waits included, and a cancelled one failed."""

    @client.timed("api", "wait")
    async def wait(seconds: float) -> float:
        await asyncio.sleep(seconds)
        return seconds

    async def main() -> float:
        task = asyncio.ensure_future(wait(60))
        done = await wait(0.02)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return done

    assert inspect.iscoroutinefunction(wait)
    assert asyncio.run(main()) == 0.02
    assert names(told) == [("wait", True), ("wait", False)]
    assert all(record["duration_ms"] >= 19 for record in told())


def test_a_generator_is_timed_until_it_ends(client: Client, told: Told) -> None:
    """And hears what is sent and thrown into it."""

    @client.timed("query", "g")
    def numbers() -> Generator[Any, Any, str]:
        try:
            got = yield 1
        except KeyError:
            got = "thrown"
        yield got
        return "done"  # what `yield from` gives back

    first: Any = numbers()
    assert inspect.isgeneratorfunction(numbers)
    assert (next(first), first.send("sent")) == (1, "sent")
    with pytest.raises(StopIteration, match="done"):
        next(first)
    second: Any = numbers()
    assert (next(second), second.throw(KeyError())) == (1, "thrown")
    second.close()
    third: Any = numbers()
    next(third)
    with pytest.raises(ValueError, match="out"):
        third.throw(ValueError("out"))
    assert names(told) == [("g", True), ("g", True), ("g", False)]


def test_an_asynchronous_generator_is_timed_until_it_ends(client: Client, told: Told) -> None:
    """And hears what is sent and thrown into it: a transaction in it must roll back."""
    heard: list[Any] = []

    @client.timed("query", "g")
    async def transaction() -> AsyncIterator[Any]:
        try:
            heard.append((yield 1))
        except ValueError as error:
            heard.append(error)
            raise
        finally:
            heard.append("closed")

    async def main() -> None:
        manager = contextlib.asynccontextmanager(transaction)
        async with manager() as number:
            assert number == 1
        with pytest.raises(ValueError, match="back"):
            async with manager():
                raise ValueError("back")
        early: Any = transaction()
        await early.__anext__()
        await early.aclose()
        sent: Any = transaction()
        await sent.__anext__()
        with pytest.raises(StopAsyncIteration):
            await sent.asend("sent")

    asyncio.run(main())
    assert inspect.isasyncgenfunction(transaction)
    assert [str(what) for what in heard] == ["None", "closed", "back", "closed", "closed", "sent", "closed"]
    assert names(told) == [("g", True), ("g", False), ("g", True), ("g", True)]


def test_one_that_is_entered_again_inside_itself_has_a_state_of_each(client: Client, told: Told) -> None:
    """The inner one ends first, and is shorter."""
    timer = client.timed("query", "n")
    with timer as outer:
        outer.set(rows=1)
        threading.Event().wait(0.01)
        with timer as inner:
            inner.set(rows=2)
    first, second = told()
    assert (first["rows"], second["rows"]) == (2, 1)
    assert first["duration_ms"] < 10 <= second["duration_ms"]


def test_blocks_left_in_another_order_than_entered_keep_nothing(client: Client, told: Told) -> None:
    """As those of generators that take turns are; each has its own time."""

    def work(name: str) -> Generator[None, None, None]:
        with client.timed("query", name) as span:
            spans.append(ref(span))
            yield

    spans: list[Any] = []
    for _ in range(3):
        first, second = work("first"), work("second")
        next(first)
        next(second)
        first.close()
        second.close()
    assert names(told) == [("first", True), ("second", True)] * 3
    gc.collect()
    assert len([span for span in spans if span() is not None]) <= 2


def test_tasks_that_share_one_do_not_mix(client: Client, told: Told) -> None:
    """Each leaves what it entered, in whatever order."""
    timer = client.timed("query", "n")

    async def work(number: int, mine: asyncio.Event, after: asyncio.Event) -> None:
        with timer as span:
            span.set(rows=number)
            await mine.wait()
        after.set()

    async def main() -> None:
        events = [asyncio.Event() for _ in range(5)]
        events[0].set()
        with timer as around:
            around.set(rows=99)
            await asyncio.gather(*(work(n, events[n], events[n + 1]) for n in range(4)))

    asyncio.run(main())
    assert [record["rows"] for record in told()] == [0, 1, 2, 3, 99]


def test_threads_that_share_one_do_not_mix(client: Client, told: Told) -> None:
    """Eight, with fifty entries each."""
    timer = client.timed("query", "n")

    def work(number: int) -> None:
        for _ in range(50):
            with timer as span:
                span.set(user_id=number)
                with timer as inner:
                    inner.set(user_id=-number)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    users = [record["user_id"] for record in told()]
    assert sorted(users) == sorted([n for n in range(-8, 9) if n] * 50)


def test_one_may_be_left_elsewhere_than_it_was_entered(client: Client, told: Told) -> None:
    """As start and stop of an application server are."""
    timer = client.timed("query", "n")
    copy_context().run(timer.__enter__)
    timer.__exit__(None, None, None)
    with contextlib.ExitStack() as stack:
        copy_context().run(stack.enter_context, client.timed("query", "m"))
    assert names(told) == [("n", True), ("m", True)]


def test_a_kind_that_there_is_not_is_the_daemons_to_refuse(client: Client, told: Told) -> None:
    """Timing never raises into the application."""
    with client.timed("nonsense", "n") as span:
        span.set(x=object())
    with client.timed("nonsense", "n"):
        pass
    assert [record["metric_type"] for record in told()] == ["nonsense"]
    assert client.counters()["rejected"] == 1
