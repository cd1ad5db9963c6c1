"""Which database a command of ``collector db`` is about: ``--database``, that of ``--workload``, or ours."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any, TypeVar

import click

import collector.workloads  # noqa: F401  # announces every kind
from collector import targets
from collector.errors import UsageError
from collector.inspection import SECONDS, Target
from collector.registry import nearest
from collector.settings import load
from collector.terminal import with_progress
from collector.units import Duration
from collector.workloads.base import Spawner, settings_by_kind
from collector.workloads.spawn import Children
from collector.workloads.sql import Sql

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")

_LOOKS_A_SECOND = 5


class _Span(click.ParamType[Duration]):
    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Duration:
        """Read what was typed, or say what is allowed."""
        try:
            return value if isinstance(value, Duration) else Duration.parse(value)
        except ValueError as error:
            self.fail(f"{value!r}: {error}", param, ctx)


def target_options(command: F) -> F:
    """``--database``, ``--workload``, ``--password-env``, ``--password-file`` and ``--timeout``."""
    options = (
        click.option(
            "--database", metavar="URL", help="sqlite:///…, postgresql://… or mysql://… (default: our own)."
        ),
        click.option("--workload", metavar="NAME", help="The database of this sql workload."),
        click.option("--password-env", metavar="NAME", help="The variable that holds the password."),
        click.option(
            "--password-file", type=click.Path(path_type=Path), metavar="FILE", help="The file that holds it."
        ),
        click.option(
            "--timeout", type=_Span(), default=Duration(SECONDS), metavar="TIME",
            help="How long a database may take to answer (default: 30s).",
        ),
    )  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command


def target_of(config: Path | None, given: dict[str, Any]) -> Sql | Target | None:
    """The database that was named; None for ours. Raises UsageError for one that cannot be meant."""
    url, name = given["database"], given["workload"]
    if url and name:
        raise UsageError("give only one of --database and --workload")
    if url is None and (given["password_env"] or given["password_file"]):
        raise UsageError("a password goes with --database", hint="a workload's stands in the config")
    if name:
        return _workload(config, name)
    if url is None:
        return None
    target = Target(url, Path.cwd(), given["password_env"], given["password_file"])
    for key, fault in targets.faults(target):
        raise UsageError(f"--{key.replace('_', '-')}: {fault}")
    return target


def waited(work: Callable[[Spawner], T], doing: str, seconds: float) -> T:
    """What ``work`` returns, or raises; after two seconds a bar tells how much of its time is over."""
    children = Children()
    looks = range(round(seconds * _LOOKS_A_SECOND))
    with ThreadPoolExecutor(1) as pool:
        try:
            found = pool.submit(work, children)
            for _ in with_progress(looks, f"{doing}, at most {Duration(seconds)}"):
                if wait([found], 1 / _LOOKS_A_SECOND).done:
                    break
            return found.result()
        finally:
            children.stop_all()  # at once, where somebody pressed Ctrl-C


def _workload(config: Path | None, name: str) -> Sql:
    workloads = {workload.name: workload for workload in load(config, settings_by_kind()).workloads}
    found = workloads.get(name)
    if found is None:
        known = [name for name, workload in workloads.items() if isinstance(workload, Sql)]
        hint = (
            f"there are {', '.join(known)}"
            if known
            else "no sql workload is registered; see `collector check`"
        )
        raise UsageError(f"no workload is named {name!r}{nearest(name, known)}", hint=hint)
    if not isinstance(found, Sql):
        raise UsageError(f"the workload {name!r} is of kind {found.kind!r}: it has no database")
    return found
