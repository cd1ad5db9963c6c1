"""Answers of Ollama, as its API's documentation shows them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from collector.errors import CollectorError
from tests.importers.conftest import DATA, WRITTEN_MS, faults, items, records

STREAM = DATA / "ollama-generate.jsonl"
CHAT = DATA / "ollama-chat.json"


def answer(**given: Any) -> dict[str, Any]:
    """A small whole one."""
    return {
        "model": "m",
        "created_at": "2026-03-01T12:00:01Z",
        "done": True,
        "total_duration": 10**9,
        **given,
    }


def test_a_stream_is_one_inference() -> None:
    """Nanoseconds become seconds; the pieces give the length of the answer."""
    (found,) = records("ollama", STREAM)
    del found["id"]
    assert found == {
        "kind": "inference", "provider": "ollama", "model_name": "llama3.2", "task_type": "generate",
        "timestamp": 1_691_176_954_792,  # created_at is the end
        "inference_time": 10.706818083, "load_duration": 6.338219291, "prompt_eval_duration": 0.130079,
        "eval_duration": 4.23271, "input_tokens": 26, "output_tokens": 259,
        "tokens_per_second": 259 / 4.23271, "query_length": 0, "response_length": len("The sky"),
    }  # fmt: skip


def test_an_answer_may_stand_on_several_lines() -> None:
    """As the documentation prints it; that of a chat has a message."""
    (found,) = records("ollama", CHAT)
    assert (found["task_type"], found["response_length"]) == ("chat", len("Hello! How are you today?"))


def test_no_text_of_a_prompt_or_an_answer_is_taken() -> None:
    """Only how long it is."""
    request = {"model": "m", "messages": [{"role": "user", "content": "my secret"}, {"content": None}]}
    lines = [request, answer(message={"content": "a secret too"})]
    (found,) = records("ollama", "\n".join(map(json.dumps, lines)))
    assert (found["query_length"], found["response_length"]) == (9, 12)
    assert "secret" not in json.dumps(found)


def test_a_list_and_several_streams_are_read_one_after_the_other() -> None:
    """What one adds up does not reach into the next."""
    text = STREAM.read_text() + json.dumps([answer(response="abc"), answer(response="")]) + CHAT.read_text()
    assert [record["response_length"] for record in records("ollama", text)] == [7, 3, 0, 25]


def test_the_moment_may_have_nine_digits_and_a_zone() -> None:
    """Go writes it so."""
    (found,) = records("ollama", answer(created_at="2026-03-01T14:00:01.123456789+02:00"))
    assert found["timestamp"] == 1_772_366_400_123


def test_what_is_not_told_is_nothing() -> None:
    """A prompt from the cache has no count; embeddings have no moment."""
    (found,) = records("ollama", answer())
    assert (found["input_tokens"], found["output_tokens"]) == (0, 0)
    assert "tokens_per_second" not in found
    (found,) = records(
        "ollama", {"model": "m", "embeddings": [[0.1]], "total_duration": 5, "prompt_eval_count": 8}
    )
    assert (found["task_type"], found["timestamp"], found["input_tokens"]) == ("embed", WRITTEN_MS, 8)


def test_reading_it_again_gives_the_same_id() -> None:
    """Alone or in a longer file."""
    (alone,) = records("ollama", STREAM)
    _, behind = records("ollama", json.dumps(answer()) + STREAM.read_text())
    assert alone["id"] == behind["id"]


def test_faults_cost_only_themselves() -> None:
    """Each is told with its line."""
    lines = [
        json.dumps(answer()), "{broken", "5", '{"a": 1}', '{"error": "no such model"}',
        '{"model": "m", "done": true, "done_reason": "load"}', json.dumps(answer()), '{"done": false}',
    ]  # fmt: skip
    assert [(where, reason.partition(":")[0]) for where, reason in faults("ollama", "\n".join(lines))] == [
        ("line 2", "not JSON"),
        ("line 3", "is not an object"),
        ("line 4", "is no answer of Ollama"),
        ("line 5", "is an error that Ollama answered, without figures"),
        ("line 6", "has no figures (`total_duration`)"),
        ("line 8", 'an answer begins here that has no end (`"done"'),
    ]


@pytest.mark.parametrize("given", ["hello", "[3]", '{"results": []}', "[" * 100_000, b"\xff\xfe"])
def test_a_file_of_something_else_is_named_as_such(given: bytes | str) -> None:
    """With where to get a right one."""
    with pytest.raises(CollectorError, match="this is no file of Ollama's answers: line 1") as caught:
        items("ollama", given)
    assert "curl" in caught.value.hint


def test_odd_figures_are_passed_on_to_be_refused() -> None:
    """None stops the reading."""
    for odd in ("x", None, [], True, -1):
        (found,) = records(
            "ollama", answer(total_duration=odd, eval_duration=odd, eval_count=odd, created_at=odd)
        )
        assert found["inference_time"] == (odd if odd != -1 else -1e-9)
