"""The command line's frame: finds commands by their files, and turns errors into sentences."""

from __future__ import annotations

import ast
import importlib
import os
import pkgutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from collector import __version__, cli
from collector.errors import CollectorError
from collector.tell import tell

F = TypeVar("F", bound=Callable[..., Any])


class Commands(click.Group):
    """A group whose commands are the files of `collector.cli`; ``x.py`` holds ``command``."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The file names, without importing anything."""
        return sorted(info.name for info in pkgutil.iter_modules(cli.__path__))

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Each with the first sentence about it, read from its file: importing all takes 0.2 s."""
        rows = [(name, _about(Path(cli.__path__[0]) / f"{name}.py")) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the one that is called."""
        if cmd_name not in self.list_commands(ctx):
            return None
        module = importlib.import_module(f"{cli.__name__}.{cmd_name}")
        command: click.Command = module.command
        return command


def _about(path: Path) -> str:
    """The first line of the docstring of ``command`` in a file, without its full stop."""
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
    try:
        code: Any = main_group.main(arguments, prog_name="collector", standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.Exit as exit_:
        code = exit_.exit_code
    except (click.Abort, KeyboardInterrupt):
        code = 130
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except CollectorError as error:
        tell(error)
        code = error.exit_code
    except BrokenPipeError:
        # The reader has seen enough (`| head`); keep Python from complaining at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        code = 0
    return code if isinstance(code, int) else 0


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
