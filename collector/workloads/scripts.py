"""What the words behind a program have it run: the script of an interpreter, the program of a wrapper.

Pure: words in, files and further words out. The table is small and holds what people write in front of
their own: shells, interpreters, `make`, and what starts another program. All other programs, and what a
shell does after its first command, are unknown here.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from collector.homes import home_expanded

Words = tuple[str, ...]


class Behind(NamedTuple):
    """What runs because of the words behind a program.

    ``files`` are what it reads and runs, and the places where such a file would come first; ``program`` is
    another program with its words. Of Python, ``imports`` are the folders that are searched first, and
    ``module`` is what is imported. ``cwd`` and ``env`` are as they are changed on the way.
    """

    cwd: Path
    env: Words
    files: tuple[Path, ...] = ()
    program: Words = ()
    module: str = ""
    imports: tuple[Path, ...] = ()


class Tool(NamedTuple):
    """How a program reads its options; ``long`` are those with a value, and the letters they stand for."""

    valued: str = ""  # letters whose value is the rest of the word or, where there is none, the next one
    attached: str = ""  # letters whose value, if any, is the rest of the word
    last: str = ""  # letters behind whose value the options end
    long: Mapping[str, str] = {}
    before: int = 0  # plain words in front of the program


class Given(NamedTuple):
    """The options of a command, by letter the last value of each, and the words behind them."""

    options: Mapping[str, str]
    left: Words


_ENV = {"unset": "u", "chdir": "C", "split-string": "S"}
_CHRT = {f"sched-{name}": letter for name, letter in (("runtime", "T"), ("period", "P"), ("deadline", "D"))}
_XARGS = {"arg-file": "a", "delimiter": "d", "max-args": "n", "max-procs": "P", "max-chars": "s"}
WRAPPERS = {
    "env": Tool("uCS", long=_ENV),
    "nice": Tool("n", long={"adjustment": "n"}),
    "ionice": Tool("cnpPu", long={"class": "c", "classdata": "n"}),
    "timeout": Tool("ks", long={"kill-after": "k", "signal": "s"}, before=1),
    "time": Tool("fo", long={"format": "f", "output": "o"}),
    "nohup": Tool(),
    "setsid": Tool(),
    "taskset": Tool(before=1),
    "chrt": Tool("DPT", long=_CHRT, before=1),
    "stdbuf": Tool("eio", long={"error": "e", "input": "i", "output": "o"}),
    "flock": Tool("Ew", long={"conflict-exit-code": "E", "timeout": "w", "wait": "w"}, before=1),
    "xargs": Tool("aEdILnPs", "eil", long=_XARGS),
    **dict.fromkeys(("exec", "command", "!", "{", "if", "while", "until"), Tool("a")),  # a shell's own
}
SHELLS = dict.fromkeys(
    ("sh", "bash", "dash", "zsh"), Tool("oO", long={"rcfile": "rcfile", "init-file": "rcfile"})
) | dict.fromkeys((".", "source"), Tool())
# The loader itself, started with a program. Source: ld.so(8)
_LOADER = re.compile(r"ld(?:-linux|-musl|64)?\b.*\.so")
LOADER = Tool(
    long={"preload": "LD_PRELOAD", "library-path": "LD_LIBRARY_PATH", "audit": "LD_AUDIT"}
    | {name: name for name in ("argv0", "inhibit-rpath", "glibc-hwcaps-prepend", "glibc-hwcaps-mask")}
)
PYTHON = Tool("WX", last="cm", long={"check-hash-based-pycs": "x"})
MAKE = Tool("CfIoW", "jlO", long={"directory": "C", "file": "f", "makefile": "f"})
# The letters behind which statements follow, and no file.
INTERPRETERS = {
    "perl": (Tool("IeE", "MmixdDCFV"), "eE"),
    "ruby": (Tool("ICEre", "iFKTWx"), "e"),
    "node": (Tool("repC", long={"require": "r", "import": "r", "eval": "e", "print": "e"}), "ep"),
    "php": (Tool("fdczrBRE", long={"file": "f", "run": "r", "define": "d"}), "rBRE"),
}
MAKEFILES = ("GNUmakefile", "makefile", "Makefile")  # in this order. Source: make(1)


def behind(words: Sequence[str], cwd: Path, env: Words) -> Behind:
    """What runs because of ``words``, of which the first is the program; nothing where that is unknown."""
    name, rest = re.sub(r"[\d.]+$", "", Path(words[0]).name) or words[0], words[1:]
    if name in WRAPPERS:
        found = _wrapped(given(rest, WRAPPERS[name]), WRAPPERS[name].before, cwd, env)
        return _of_flock(found) if name == "flock" else found
    if _LOADER.match(name):
        return _loaded(given(rest, LOADER), cwd, env)
    if name in SHELLS:
        return _of_shell(given(rest, SHELLS[name]), cwd, env)
    return _of_interpreter(name, rest, cwd, env)


def _of_interpreter(name: str, rest: Sequence[str], cwd: Path, env: Words) -> Behind:
    if name in {"python", "pypy"}:
        return _of_python(given(rest, PYTHON), cwd, env)
    if name == "make":
        return Behind(cwd, env, _makefiles(given(rest, MAKE).options, cwd))
    if name in INTERPRETERS:
        tool, code = INTERPRETERS[name]
        return _of_scripted(given(rest, tool), code, cwd, env)
    return Behind(cwd, env)


def given(words: Sequence[str], tool: Tool) -> Given:
    """The options up to the first plain word, as getopt reads them."""
    options, left = {}, [*words]
    while left and left[0][:1] in {"-", "+"} and left[0] != "-":
        word = left.pop(0)
        if word == "--":
            break
        if word.startswith("--"):
            name, sets, value = word[2:].partition("=")
            options[tool.long.get(name, name)] = value if sets or name not in tool.long else _taken(left)
        else:
            options |= (found := _letters(word[1:], left, tool))
            if found.keys() & {*tool.last}:
                break
    return Given(options, tuple(left))


def _letters(letters: str, left: list[str], tool: Tool) -> dict[str, str]:
    """The options of one word; a value that is the next word is taken from ``left``."""
    found = {}
    for at, letter in enumerate(letters, 1):
        found[letter] = letters[at:]
        if letter in tool.valued + tool.last:
            found[letter] = letters[at:] or _taken(left)
            break
        if letter in tool.attached:
            break
    return found


def _taken(left: list[str]) -> str:
    return left.pop(0) if left else ""


def first_command(text: str) -> Words:
    """The words of the first command in a text for a shell, as far as they can be told without running it."""
    lexer = shlex.shlex(text, posix=True, punctuation_chars=";&|()<>\n")
    lexer.whitespace, lexer.whitespace_split = " \t\r", True
    words: list[str] = []
    try:
        for word in lexer:
            if word and not word.strip(";&|()<>\n"):
                if words:
                    break
            else:
                words.append(str(home_expanded(Path(word))) if word.startswith("~") else word)
    except ValueError:  # a quote that is not closed: the shell will refuse it, too
        return ()
    return tuple(words)


def _assigned(words: Words) -> tuple[Words, Words]:
    """``NAME=value`` in front of a command, and the command."""
    count = next((n for n, word in enumerate(words) if not re.match(r"\w+=", word)), len(words))
    return words[:count], words[count:]


def _wrapped(said: Given, before: int, cwd: Path, env: Words) -> Behind:
    more, words = _assigned((*_split(said.options.get("S", "")), *said.left))
    return Behind(cwd / said.options.get("C", ""), (*env, *more), program=words[before:])


def _of_flock(found: Behind) -> Behind:
    """Behind the lock's file may stand a text for a shell."""
    if found.program[:1] in {("-c",), ("--command",)}:
        return found._replace(program=("/bin/sh", "-c", *found.program[1:]))
    return found


def _loaded(said: Given, cwd: Path, env: Words) -> Behind:
    """The options of the loader do what its variables do; it looks for the program in no PATH."""
    more = tuple(f"{name}={value}" for name, value in said.options.items() if name.startswith("LD_"))
    return Behind(cwd, (*env, *more), program=(str(cwd / said.left[0]), *said.left[1:]) if said.left else ())


def _split(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:  # as in `first_command`
        return []


def _of_shell(said: Given, cwd: Path, env: Words) -> Behind:
    first = _script((said.options.get("rcfile", ""),), cwd)
    if "c" in said.options:
        more, words = _assigned(first_command(said.left[0] if said.left else ""))
        return Behind(cwd, (*env, *more), first, program=words)
    return Behind(cwd, env, (*first, *_script(said.left, cwd)))


def _of_scripted(said: Given, code: str, cwd: Path, env: Words) -> Behind:
    if "f" in said.options:
        return Behind(cwd, env, _script((said.options["f"],), cwd))
    return Behind(cwd, env, () if said.options.keys() & {*code} else _script(said.left, cwd))


def _of_python(said: Given, cwd: Path, env: Words) -> Behind:
    """A script's folder is searched first; for ``-m`` and ``-c`` it is the one where it runs."""
    if said.options.keys() & {"c", "m"}:
        return Behind(cwd, env, module=said.options.get("m", ""), imports=(cwd,))
    files = _script(said.left, cwd)
    return Behind(cwd, env, files, imports=tuple(file.parent for file in files))


def _script(words: Words, cwd: Path) -> tuple[Path, ...]:
    return (cwd / words[0],) if words and words[0] not in {"", "-"} else ()


def _makefiles(options: Mapping[str, str], cwd: Path) -> tuple[Path, ...]:
    """All that might be the first: which of them there is, is not known here."""
    names = [options["f"]] if "f" in options else MAKEFILES
    return tuple(cwd / options.get("C", "") / name for name in names if name != "-")
