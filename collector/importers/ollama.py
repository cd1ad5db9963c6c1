"""Answers of Ollama's ``/api/generate``, ``/api/chat`` and ``/api/embed``: one, a list, or a stream.

Format: https://github.com/ollama/ollama, `docs/api.md`. Its durations are nanoseconds; the figures stand
in the last object of a stream, which has ``"done": true``. Of prompts and answers only the lengths are
taken, never a text.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

from collector.importers.base import Entry, Fault, Item, NotThis, Options, Source, importer
from collector.importers.document import digest, whole

_EXPECTED = "file of Ollama's answers"
_HINT = "keep what `curl http://localhost:11434/api/generate -d …` prints"
_DURATIONS = ("load_duration", "prompt_eval_duration", "eval_duration")


class _Found(NamedTuple):
    """A JSON object of the file, or why there is none where one should be."""

    where: str
    object: Any
    fault: str = ""


@importer("ollama", "answers of Ollama, whole or streamed")
def read(source: Source, _options: Options) -> Iterator[Item]:
    """One inference for each whole answer. A request before it (`prompt` or `messages`) tells its length."""
    text = whole(source).decode("utf-8", "replace")
    stream = _Stream(source.written_ms)
    is_known = False
    for found in _objects(text):
        is_known = is_known or not found.fault
        if not is_known:
            raise NotThis(source, _EXPECTED, f"{found.where}: {found.fault}", hint=_HINT)
        yield from stream.take(found)
    yield from stream.end()


class _Stream:
    """Follows the objects of a file: requests, pieces of answers, and ends of answers."""

    def __init__(self, written_ms: int) -> None:
        self._written_ms = written_ms
        self._query_length = 0
        self._response_length = 0
        self._began = ""  # where the answer that is under way began

    def take(self, found: _Found) -> Iterator[Item]:
        """What one more object gives."""
        said = found.object
        if found.fault:
            yield Fault(found.where, found.fault)
        elif said.get("error"):
            yield Fault(found.where, "is an error that Ollama answered, without figures")
        elif _is_request(said):
            self._query_length = _length_of_request(said)
        elif said.get("done") is False:
            self._began = self._began or found.where
            self._response_length += _length_of_response(said)
        else:
            yield self._whole(found)

    def end(self) -> Iterator[Item]:
        """Nothing comes any more: an answer that is under way has no figures."""
        if self._began:
            yield Fault(self._began, 'an answer begins here that has no end (`"done": true`), so no figures')

    def _whole(self, found: _Found) -> Item:
        said = found.object
        query = self._query_length + _length_of_request(said)
        response = self._response_length + _length_of_response(said)
        self._query_length, self._response_length, self._began = 0, 0, ""
        if "total_duration" not in said:
            return Fault(found.where, "has no figures (`total_duration`): the model was asked nothing")
        lengths = {"query_length": query, "response_length": response}
        record = {"kind": "inference", "provider": "ollama", **lengths, **_figures(said, self._written_ms)}
        return Entry(found.where, {**record, "id": digest("ollama", said)})


def _figures(said: dict[str, Any], written_ms: int) -> dict[str, Any]:
    """What Ollama measured; a figure that is no number stays, for the check of records to say so."""
    total = _seconds(said["total_duration"])
    figures: dict[str, Any] = {
        "model_name": said.get("model"),
        "task_type": "chat" if "message" in said else "embed" if "embeddings" in said else "generate",
        "timestamp": _beginning(said.get("created_at"), total, written_ms),
        "inference_time": total,
        # It is left out where the prompt was in the cache, and where nothing was written.
        "input_tokens": said.get("prompt_eval_count", 0),
        "output_tokens": said.get("eval_count", 0),
        **{name: _seconds(said[name]) for name in _DURATIONS if name in said},
    }
    tokens, seconds = figures["output_tokens"], figures.get("eval_duration", 0)
    if _is_number(tokens) and _is_number(seconds) and seconds > 0:
        figures["tokens_per_second"] = tokens / seconds
    return figures


def _beginning(created_at: Any, total: Any, written_ms: int) -> Any:
    """Ollama says when the answer was whole: it began that much earlier."""
    if created_at is None:
        return written_ms
    try:
        when = datetime.fromisoformat(created_at)
        whole_ms = (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp() * 1000
        return round(whole_ms - total * 1000)
    except (TypeError, ValueError, OverflowError):
        return created_at


def _is_request(said: dict[str, Any]) -> bool:
    return "done" not in said and "total_duration" not in said and ("prompt" in said or "messages" in said)


def _length_of_request(said: dict[str, Any]) -> int:
    messages = said.get("messages")
    contents = (
        [m.get("content") for m in messages if isinstance(m, dict)] if isinstance(messages, list) else []
    )
    return sum(len(text) for text in (said.get("prompt"), *contents) if isinstance(text, str))


def _length_of_response(said: dict[str, Any]) -> int:
    message = said.get("message")
    text = message.get("content") if isinstance(message, dict) else said.get("response")
    return len(text) if isinstance(text, str) else 0


def _seconds(nanoseconds: Any) -> Any:
    return nanoseconds / 1e9 if _is_number(nanoseconds) else nanoseconds


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _objects(text: str) -> Iterator[_Found]:
    """The JSON objects of a text, those in lists too. What cannot be read costs the rest of its line."""
    decoder = json.JSONDecoder()
    at, line = 0, 1
    while at < len(text):
        if text[at].isspace() or text[at] == "\ufeff":
            line += text[at] == "\n"
            at += 1
            continue
        where = f"line {line}"
        try:
            value, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError) as error:
            yield _Found(where, None, f"not JSON: {getattr(error, 'msg', error)}")
            end = text.find("\n", at) % (len(text) + 1)  # -1, none, is the end
        else:
            yield from _flat(where, value)
        line += text.count("\n", at, end)
        at = end


def _flat(where: str, value: Any) -> Iterator[_Found]:
    if isinstance(value, list):
        for n, inner in enumerate(value):
            yield from _flat(f"{where}[{n}]", inner)
    elif not isinstance(value, dict):
        yield _Found(where, None, "is not an object")
    elif not value.keys() & {"done", "total_duration", "prompt", "messages", "error"}:
        yield _Found(where, None, "is no answer of Ollama: it has neither `done` nor `total_duration`")
    else:
        yield _Found(where, value)
