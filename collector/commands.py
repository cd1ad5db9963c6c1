"""The command line's frame: finds commands by their files, and turns errors into sentences."""

from __future__ import annotations

import ast
import importlib
import io
import os
import pkgutil
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

import click

from collector import __version__, cli
from collector.errors import CollectorError
from collector.redact import redacted
from collector.tell import tell
from collector.terminal import printable

F = TypeVar("F", bound=Callable[..., Any])


class _ReaderLeft(Exception):
    """The reader of our output has seen enough (`| head`). Click makes status 1 of a BrokenPipeError."""


class Commands(click.Group):
    """A group whose commands are the files of a package; ``x.py``, or a package ``x``, holds ``command``."""

    def __init__(self, *words: Any, package: ModuleType = cli, **extra: Any) -> None:
        super().__init__(*words, **extra)
        self._package = package

    def make_context(self, *words: Any, **extra: Any) -> click.Context:
        """As click does; the help is printed here."""
        try:
            return super().make_context(*words, **extra)
        except BrokenPipeError:
            raise _ReaderLeft from None

    def invoke(self, ctx: click.Context) -> Any:
        """As click does."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise _ReaderLeft from None

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The file names, without importing anything."""
        names = (info.name for info in pkgutil.iter_modules(self._package.__path__))
        return sorted(name for name in names if not name.startswith("_"))

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Each with the first sentence about it, read from its file: importing all takes 0.2 s."""
        folder = Path(self._package.__path__[0])
        rows = [(name, _about(folder / name)) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the one that is called."""
        if cmd_name not in self.list_commands(ctx):
            return None
        module = importlib.import_module(f"{self._package.__name__}.{cmd_name}")
        command: click.Command = module.command
        return command


def _about(path: Path) -> str:
    """The first line of the docstring of ``command`` in a module or package, without its full stop."""
    path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef) and node.name == "command":
            return (ast.get_docstring(node) or "").split("\n")[0].rstrip(".")
    return ""


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="collector")
def main_group() -> None:
    """The flight recorder of this machine.

    What got slower, since when, and was it the code or the machine?
    """


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns its exit status. A person never sees a traceback."""
    _open_streams()
    try:
        code = _called(arguments)
        sys.stdout.flush()
        sys.stderr.flush()
    except (_ReaderLeft, BrokenPipeError):
        code = 0
        _silence()
    except OSError as error:
        code = 1
        _tell_lost(error)
        _silence()
    return code


def _called(arguments: list[str] | None) -> int:
    """Call the command and tell its errors; what fails to be written comes through as OSError."""
    try:
        code: Any = main_group.main(arguments, prog_name="collector", standalone_mode=False)
    except click.exceptions.Exit as exit_:
        code = exit_.exit_code
    except (click.Abort, KeyboardInterrupt):
        code = 130
    except click.ClickException as error:
        click.echo(_shown(error), err=True)
        code = error.exit_code
    except CollectorError as error:
        tell(error)
        code = error.exit_code
    return code if isinstance(code, int) else 0


def _shown(error: click.ClickException) -> str:
    """What click would show, without secrets and what could steer the terminal: it quotes what was typed."""
    shown = io.StringIO()
    error.show(shown)
    return "\n".join(printable(line.expandtabs()) for line in redacted(shown.getvalue()).rstrip().split("\n"))


def _open_streams() -> None:
    """Give every closed stream /dev/null: else the next file that is opened takes its number."""
    for fd in range(3):
        try:
            os.fstat(fd)
        except OSError:
            null = os.open(os.devnull, os.O_RDWR)
            os.dup2(null, fd)
            if null != fd:
                os.close(null)
    if sys.stdout is None:
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115  # until the process ends
    if sys.stderr is None:
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115  # until the process ends
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a stream of few characters gets a ? for the others


def _tell_lost(error: OSError) -> None:
    """Say that something could not be written or read, unless that cannot be written either."""
    what = "the output could not be written" if error.filename is None else str(error.filename)
    with suppress(OSError):
        tell(CollectorError(f"{what}: {error.strerror or error}"))


def _silence() -> None:
    """Keep Python from complaining at exit of what it still holds for a stream that takes no more."""
    null = os.open(os.devnull, os.O_WRONLY)
    for stream, fd in ((sys.stdout, 1), (sys.stderr, 2)):
        try:
            stream.flush()
        except OSError:
            os.dup2(null, fd)
    os.close(null)


def config_option(command: F) -> F:
    """``--config FILE``."""
    return click.option(
        "--config",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="The config file (default: $COLLECTOR_CONFIG, then the user's, then /etc's).",
    )(command)


def json_option(command: F) -> F:
    """``--json``."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")(command)
