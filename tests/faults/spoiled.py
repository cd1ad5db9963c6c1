"""Config files that are spoiled as texts and as files, and the example config, mutated."""

from __future__ import annotations

import os
from pathlib import Path
from random import Random
from typing import NamedTuple

from tests.faults.bad_values import CANARY

EXAMPLE = Path(__file__).parents[2] / "config/collector.toml"
NOBODY = 65_534
# What reads as a config to somebody who is tired, in pieces.
_WORDS = (
    "[", "]", "[[", "]]", "=", "\n", "\n", " ", '"', "'", '"""', "'''", "{", "}", ",", ".", "#",
    "workloads",
    "collector", "sampling", "tails", "name", "every", "5s", "1", "true", "0x", "1e5", "nan", "\\", "\\u",
    "\\x00", "\r", "\t", "\0", "\ufeff", "\u202e", "ü", "-", "+", "1979-05-27", "é",
)  # fmt: skip


class File(NamedTuple):
    """What is given as ``--config``, and whether it is right; None where nobody knows."""

    path: str
    is_right: bool | None


def random_bytes(chance: Random) -> bytes:
    """No config at all, or words of one in no order."""
    if chance.random() < 0.4:
        return chance.randbytes(chance.randrange(400))
    return "".join(chance.choices(_WORDS, k=chance.randrange(60))).encode()


def mutated_example(chance: Random) -> bytes:
    """The example config after one to three mutations of its lines, its characters or its bytes."""
    data = EXAMPLE.read_bytes()
    for _ in range(chance.randint(1, 3)):
        data = chance.choice((_lines, _characters, _bytes))(chance, data)
    return data


def _lines(chance: Random, data: bytes) -> bytes:
    lines = data.split(b"\n")
    a, b = (chance.randrange(len(lines)) for _ in range(2))
    match chance.randrange(4):
        case 0:
            del lines[a : a + chance.randint(1, 5)]
        case 1:
            lines.insert(b, lines[a])
        case 2:
            lines[a], lines[b] = lines[b], lines[a]
        case _:
            lines[a] = lines[a].replace(b'"', chance.choice([b"", b"'", b'"""']), 1)
    return b"\n".join(lines)


def _characters(chance: Random, data: bytes) -> bytes:
    text = data.decode(errors="surrogateescape")
    at, more = chance.randrange(len(text) or 1), chance.choice(_WORDS)
    return (text[:at] + more + text[at + chance.randrange(2) :]).encode(errors="surrogateescape")


def _bytes(chance: Random, data: bytes) -> bytes:
    at = chance.randrange(len(data) or 1)
    return data[:at] + chance.randbytes(chance.randrange(3)) + data[at + chance.randrange(3) :]


def _nested(depth: int, opening: bytes, inner: bytes, closing: bytes) -> bytes:
    return b"[zz]\nx = " + opening * depth + inner + closing * depth + b"\n"


_MANY = "".join(
    f'[[workloads]]\nname = "m{n}"\nkind = "reference"\nevery = "1h"\n' for n in range(2000)
).encode()
_TAILS = "".join(f'[[tails]]\npath = "/none/{n}.log"\nformat = "collector"\n' for n in range(300)).encode()
# What is put behind a config, and whether it is right even then.
_ENDS: tuple[tuple[bytes, bool], ...] = (
    (b"[log]\n[log]\n", False), (b"[zz]\nx = 1\nx = 2\n", False),
    *((b"[zz]\nx = " + b"[" * depth, False) for depth in (50, 300, 5000)),
    *((_nested(depth, b"[", b"", b"]"), False) for depth in (20, 90, 300, 900)),
    *((_nested(depth, b"{ y = ", b"1", b" }"), False) for depth in (20, 90, 300, 900)),
    *((b"[zz]\n" + b".".join([b"y"] * depth) + b" = 1\n", False) for depth in (90, 900)),
    *((b"[" + b".".join([b"y"] * depth) + b"]\n", False) for depth in (90, 900)),
    (b"[zz]\nx = " + b"9" * 5000 + b"\n", False), (b"[zz]\nx = 0x" + b"f" * 9000 + b"\n", False),
    (b"# " + b"x" * 1_000_000 + b"\n", True), (b'[zz]\nx = "' + b"x" * 1_000_000 + b'"\n', False),
    (b"[zz]\n" + b"x" * 100_000 + b" = 1\n", False),
    (f'[zz]\npassword = "{CANARY}\n'.encode(), False), (f'[zz]\ntoken = """{CANARY}'.encode(), False),
)  # fmt: skip
# Thousands of things take a second to look at.
_HEAVY_SHARE = 0.02
_PIECES = (b"\0", b"\x1b", b"\x7f", b"\xff", b"\xed\xa0\x80")


def spoiled(chance: Random, text: str) -> tuple[bytes, bool | None]:
    """A valid config as a text that something happened to, and whether it is still right."""
    data = text.encode()
    at = chance.randrange(len(data))
    if chance.random() < _HEAVY_SHARE:
        return chance.choice([
            # A list of tables can be begun once: where the config has it as an empty one, that is all of it.
            (data + _MANY, None if b"workloads" in data else True),
            (data + _TAILS, None if b"tails" in data else True),
            (_MANY.replace(b"1h", b"1us"), False),
        ])  # fmt: skip
    if chance.random() < 0.7:
        end, is_right = chance.choice(_ENDS)
        return data + end, is_right
    return chance.choice([
        (b"\xef\xbb\xbf" + data, None), (data.replace(b"\n", b"\r\n"), True), (data[:at], None),
        (data[:at] + chance.choice(_PIECES) + data[at:], None),
    ])  # fmt: skip


def placed(chance: Random, folder: Path, text: str) -> File:
    """A valid config at a place where no config should be, or named in an odd way."""
    path = folder / "c.toml"
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    name, is_right = chance.choice((
        _as_folder, _as_fifo, _as_link_to_nothing, _as_circle, _of_everybody, _of_somebody_else, _relative,
        _by_link,
    ))(path) if chance.random() < 0.6 else chance.choice(_NAMES)  # fmt: skip
    return File(name, is_right)


_NAMES: tuple[tuple[str, bool | None], ...] = (
    ("/dev/null", False), ("/dev/zero", False), ("/dev/stdin", False), ("/proc/self/mem", False),
    ("", False),
    ("~nobody-of-that-name/c.toml", False), ("~/nosuch.toml", False), ("x" * 300, False),
    ("/x" * 3000, False), ("\x1b[31m", False), ("\udcff", False), ("/proc/self/fd/0/x", False),
    ("nosuch\r.toml", False),
)  # fmt: skip


def _as_folder(path: Path) -> tuple[str, bool]:
    path.unlink()
    path.mkdir()
    return str(path), False


def _as_fifo(path: Path) -> tuple[str, bool]:
    path.unlink()
    os.mkfifo(path, 0o600)
    return str(path), False


def _as_link_to_nothing(path: Path) -> tuple[str, bool]:
    path.unlink()
    path.symlink_to("is-not-there")
    return str(path), False


def _as_circle(path: Path) -> tuple[str, bool]:
    path.unlink()
    path.symlink_to(path.name)
    return str(path), False


def _of_everybody(path: Path) -> tuple[str, bool]:
    path.chmod(0o602)
    return str(path), False


def _of_somebody_else(path: Path) -> tuple[str, bool]:
    if os.geteuid():
        path.chmod(0)  # one that this user may not read
    else:
        os.chown(path, NOBODY, NOBODY)
    return str(path), False


def _relative(path: Path) -> tuple[str, bool]:
    return os.path.relpath(path), True


def _by_link(path: Path) -> tuple[str, bool]:
    link = path.with_name("link.toml")
    link.symlink_to(path)
    return str(link), True


def clear(folder: Path) -> None:
    """Take away the config, whatever it is."""
    for path in (folder / "c.toml", folder / "link.toml"):
        if path.is_dir() and not path.is_symlink():
            path.rmdir()
        else:
            path.unlink(missing_ok=True)
