"""Command lines drawn from the commands: each with its own options, and values that will not do."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import NamedTuple

import click

from collector.commands import main_group

# `run` and `service install` would do it, `--follow` goes on for ever: these are only asked for their help.
NOT_CALLED = {("run",), ("service", "install"), ("service", "uninstall")}
NOT_GIVEN = {"--follow", "--config"}
VALUES = (
    "", "-", "--", "-1", "0", "1", "3", "99999999999999999999", "nan", "inf", "1e400", "0x10", "7d", "-7d",
    "9999y", "2026-13-45", "2026-03-01", "tomorrow", "24h", "ü", "日本", "a b", "\x1b[31m", "\u202e",
    "\udcff", "a=b", "=", "{", "[]", "null", '{"a":', "[" * 3000, "x" * 5000, "../..", ".", "/dev/null",
    "/nosuch/file", "sqlite:///~nobody-of-that-name/x.db", "/proc/self/mem", "~nobody-of-that-name/x",
    "postgresql://me:secret@127.0.0.1:1/x", "sqlite:///",
    "sqlite:////nosuch/x.db", "http://[", "(", "SELECT", "SELECT 1", "%", "%s", "*", "\\",
    "'; DROP TABLE x; --", "cpu", "run", "skill", "client0", "queries", "benchmarks", "machine", "jsonl",
    "pytest-benchmark", "postgresql",
)  # fmt: skip


class Command(NamedTuple):
    """A command by its words, and what it takes."""

    words: tuple[str, ...]
    params: tuple[click.Parameter, ...]

    @property
    def is_called(self) -> bool:
        """Whether it may do what it does."""
        return self.words not in NOT_CALLED


def commands(group: click.Group = main_group, words: tuple[str, ...] = ()) -> Iterator[Command]:
    """Every command and subcommand; a group too, which does something of its own or tells its help."""
    context = click.Context(group, info_name="collector")
    for name in group.list_commands(context):
        found = group.get_command(context, name)
        assert found is not None, f"{name} is listed and is none"
        yield Command((*words, name), tuple(found.params))
        if isinstance(found, click.Group):
            yield from commands(found, (*words, name))


def line(chance: Random, command: Command) -> list[str]:
    """The command with some of its options and arguments, most of them wrong."""
    words = list(command.words)
    if not command.is_called or chance.random() < 0.03:
        return [*words, chance.choice(["--help", "--nosuch", "-x", "--help="])]
    for param in command.params:
        words += _given(chance, param)
    if command.words == ("time",):
        return [*words, "--", *chance.choice([["true"], ["false"], ["nosuch"], [""], ["/"], ["\udcff"], []])]
    if command.words == ("bench",):
        words += ["--size", chance.choice(["0", "-1", "x", "", "1e9"])]  # else it takes its time
    if chance.random() < 0.1:
        words.insert(
            chance.randint(len(command.words), len(words)), chance.choice([*VALUES, "--nosuch", "-h"])
        )
    return words


def _given(chance: Random, param: click.Parameter) -> list[str]:
    if isinstance(param, click.Argument):
        if param.name == "argv" or (not param.required and chance.random() < 0.5):
            return []
        return chance.choices(VALUES, k=1 if param.nargs == 1 else chance.randrange(1, 4))
    name = chance.choice(param.opts)
    if name in NOT_GIVEN or chance.random() < (0.2 if param.required else 0.6):
        return []
    if isinstance(param, click.Option) and param.is_flag:
        return [name]
    return [name, *chance.choices([*VALUES, *_choices(param)], k=max(1, param.nargs))]


def _choices(param: click.Parameter) -> list[str]:
    return [str(choice) for choice in getattr(param.type, "choices", ())] * 20
