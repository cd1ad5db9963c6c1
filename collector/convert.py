"""Untrusted tables to checked, frozen structs, telling every fault at once.

msgspec stops at the first fault of a value, so a table is converted key by key. What is allowed is
said in words, taken from the type.
"""

from __future__ import annotations

import json
import re
import types
from collections.abc import Container, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin
from urllib.parse import unquote

import msgspec

from collector.errors import Problem
from collector.redact import command_line, redacted, shortened
from collector.registry import nearest
from collector.units import Duration, Size


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of the config. Subclasses name its keys; `faults` checks what types cannot."""

    def faults(self) -> Iterator[tuple[str, str]]:
        """Yield (key, what is wrong and what is allowed) for faults between or beyond types."""
        return iter(())


S = TypeVar("S", bound=Section)
Key = tuple[str | int, ...]

# What must never be shown: values of keys that sound like one, and of whole tables that often hold one;
# what looks like a secret inside any text is `redacted`'s.
_SECRET = re.compile(r"pass|pwd|secret|token|api[_-]?key|authorization|cookie|credential|dsn", re.IGNORECASE)
# What only says where a secret is kept: a file, or a variable by the name that variables usually have.
_FILE, _VARIABLE = "_file", re.compile(r"[A-Z_][A-Z0-9_]*")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_HIDDEN_TABLES = ("env", "headers")
_LONGEST_NAME, _LONGEST_MESSAGE = 100, 700  # characters of a name or key, and of a sentence
# Of a list, a table and a text no more than this is looked at: the 60 characters shown are among them.
_MOST_SHOWN, _LONGEST_TEXT = 30, 5_000
# What may tell that the next word of a command is a secret: words before it, characters of each; and bits.
_WORDS, _LONGEST_WORD = 10, 80
_MOST_BITS = 10_000


def table(
    value: object,
    kind: type[S],
    at: Key,
    lines: Mapping[Key, int],
    found: list[Problem],
    forgiven: Container[str] = (),
) -> S | None:
    """Convert ``value`` to ``kind``; None when it has faults, which are appended to ``found``.

    ``at`` is where the table stands in the file, for messages; ``lines`` gives line numbers. What
    `Section.faults` says of the keys ``forgiven`` is passed over.
    """
    before = len(found)
    looked = looked_at(value, kind, at, lines, found, forgiven)
    return looked[0] if looked is not None and len(found) == before else None


def looked_at(
    value: object,
    kind: type[S],
    at: Key,
    lines: Mapping[Key, int],
    found: list[Problem],
    forgiven: Container[str] = (),
) -> tuple[S, set[str]] | None:
    """As `table`, but with what can still be looked at where there are faults; never to be used otherwise.

    With it come the keys whose values are missing or of a wrong type: there it holds something harmless.
    None where ``value`` is no table.
    """
    if not isinstance(value, dict):
        found.append(problem(at, f"must be a table, [{dotted(at)}]", lines, value))
        return None
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    for key in value.keys() - fields.keys():
        hint = nearest(key, fields) or f"; allowed are {', '.join(fields)}"
        found.append(problem((*at, key), f"unknown key{hint}", lines, value[key]))
    good: dict[str, Any] = {}
    bad: set[str] = set()
    for name, field in fields.items():
        so_far = len(found)
        if name in value:
            good[name] = _value(value[name], field.type, (*at, name), lines, found)
        elif field.required:
            found.append(problem((*at, name), f"missing; must be {allowed(field.type)}", lines))
        if len(found) > so_far:
            bad.add(name)
            good.pop(name, None)
            if field.required:
                good[name] = _stand_in(field.type)
    # What did convert is looked at too, so that nobody mends one fault only to be told the next.
    made = kind(**{fields[name].name: item for name, item in good.items()})
    for key, message in made.faults():
        if key not in bad and key not in forgiven:
            found.append(problem((*at, key), message, lines, value.get(key)))
    return made, bad


def _stand_in(kind: Any) -> Any:
    """Something harmless of the type of a key whose value is missing or wrong; never used but to look on."""
    inner = get_args(kind)[0] if get_origin(kind) is Annotated else kind
    if get_origin(inner) is tuple:
        return ()
    return inner(1) if inner in (int, float, Duration, Size) else Path() if inner is Path else "none"


def _value(value: Any, kind: Any, at: Key, lines: Mapping[Key, int], found: list[Problem]) -> Any:
    if isinstance(kind, type) and issubclass(kind, Section):
        return table(value, kind, at, lines, found)
    try:
        return msgspec.convert(value, kind, dec_hook=_custom)
    except (msgspec.ValidationError, ValueError) as error:
        reason = str(error).split(" - at `")[0]
        ours = {Duration, Size, Path} & set(_parts(kind))
        message = reason if ours and not reason.startswith("Expected") else f"must be {allowed(kind)}"
        found.append(problem(at, message, lines, value))
        return None


def _custom(kind: type[Any], value: Any) -> Any:
    if issubclass(kind, (Duration, Size)):
        return kind.parse(value)
    if issubclass(kind, Path) and isinstance(value, str) and value and "\0" not in value:
        if value.startswith("~"):
            raise ValueError("must be a path; nobody of that name has a home folder")
        return Path(value)
    raise ValueError(f"must be {allowed(kind)}")


def allowed(kind: Any) -> str:
    """What a value of this type may be, in words."""
    if get_origin(kind) is Annotated:
        notes = [note.description for note in get_args(kind)[1:] if getattr(note, "description", None)]
        return notes[0] if notes else allowed(get_args(kind)[0])
    if get_origin(kind) is Literal:
        return "one of " + ", ".join(repr(choice) for choice in get_args(kind))
    if get_origin(kind) in (Union, types.UnionType):
        return " or ".join(allowed(part) for part in get_args(kind) if part is not types.NoneType)
    if get_origin(kind) is tuple:
        return f"a list, each item {allowed(get_args(kind)[0])}"
    if kind in (Duration, Size):
        return str(kind.allowed)
    words: dict[Any, str] = {
        str: "a text in quotes",
        int: "a whole number",
        float: "a number",
        bool: "true or false",
        Path: "a path in quotes",
        dict: "a table",
        list: "a list",
    }
    return words.get(get_origin(kind) or kind, getattr(kind, "__name__", str(kind)))


def _parts(kind: Any) -> tuple[Any, ...]:
    return (kind, *(part for inner in get_args(kind) for part in _parts(inner)))


def problem(at: Key, message: str, lines: Mapping[Key, int], value: object = None) -> Problem:
    """A fault at a key, with the line of the key or of the nearest table around it."""
    line = next((lines[at[:n]] for n in range(len(at), 0, -1) if at[:n] in lines), None)
    key = next((str(part) for part in reversed(at) if isinstance(part, str)), "")
    told = shortened(message, _LONGEST_MESSAGE)  # some quote what the config holds
    return Problem(dotted(at), told, line, None if value is None else shown(value, key))


def dotted(at: Key) -> str:
    """``("workloads", 1, "every")`` as people write it: ``workloads[2].every``."""
    out = ""
    for part in at:
        out += f"[{part + 1}]" if isinstance(part, int) else f".{_name(part)}" if out else _name(part)
    return out


def _name(key: str) -> str:
    key = shortened(key, _LONGEST_NAME)
    return key if _BARE.fullmatch(key) else _quoted(key)


def _quoted(text: str) -> str:
    """As a TOML string; its escapes are JSON's, so no control character reaches a terminal."""
    return json.dumps(text, ensure_ascii=not text.isprintable())


def shown(value: object, key: str = "") -> str:
    """The value of ``key`` as the config writes it, shortened, without what may be a secret."""
    if _is_place(key, value):
        return _place(str(value))
    if _SECRET.search(key):
        return '"***"'
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        text = _quoted(_without_value(value) if key in _HIDDEN_TABLES else _without_secrets(value))
    elif isinstance(value, list):
        text = "[" + ", ".join(_items(value, key)) + "]"
    elif isinstance(value, dict):
        secret = "secret" if key in _HIDDEN_TABLES else ""
        pairs = islice(value.items(), _MOST_SHOWN)
        text = "{ " + ", ".join(f"{_name(k)} = {shown(v, secret or k)}" for k, v in pairs) + " }"
    else:
        # Python writes no number of more than 4,300 digits, but reads one that is given as 0x….
        text = hex(value) if isinstance(value, int) and value.bit_length() > _MOST_BITS else str(value)
    return text if len(text) <= 60 else text[:57] + "…" + text[-1]


def _items(values: Sequence[object], key: str) -> Iterator[str]:
    """The first items of a list, as far as any can be seen; the word behind ``--password`` is a secret."""
    for i, item in enumerate(values[:_MOST_SHOWN]):
        before = [str(word)[:_LONGEST_WORD] for word in values[max(0, i - _WORDS) : i]]
        is_secret = isinstance(item, str) and command_line([*before, "x"]).endswith(" ***")
        yield '"***"' if is_secret else shown(item, key)


def _without_secrets(text: str) -> str:
    """As `redacted`, for what is written as %xx too: a URL's ``pass%77ord`` is read as ``password``."""
    plain = unquote(text := text[:_LONGEST_TEXT])
    hidden = redacted(plain)
    return redacted(text) if hidden == plain else hidden


def _is_place(key: str, value: object) -> bool:
    if not isinstance(value, str):
        return False
    return key.endswith(_FILE) or (key.endswith("_env") and bool(_VARIABLE.fullmatch(value)))


def _place(value: str) -> str:
    """Of a long path the end tells most."""
    return _quoted(value if len(value) <= 58 else "…" + value[-57:])


def _without_value(assignment: str) -> str:
    name, mark, _ = assignment.partition("=")
    return f"{name}=***" if mark else name
