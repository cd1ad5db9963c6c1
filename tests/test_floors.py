"""The floors: a module imports only from floors below its own, and nothing goes in circles.

Every import counts, deferred ones too: what needs each other lacks a third word below.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import collector

ROOT = Path(collector.__file__).parent
CONTRIBUTING = Path(__file__).parents[1] / "CONTRIBUTING.md"

# A unit is a module or a whole package of `collector`. Inside a floor the decimals say what lies above
# what; units with the same number never import each other.
FLOORS: dict[str, float] = {
    # 1: words that everything else is said in
    "errors": 1.0,
    "clock": 1.0,
    "units": 1.0,
    "registry": 1.0,
    "systemd": 1.0,
    "lean": 1.0,
    "sqlite": 1.0,
    "toml_lines": 1.0,
    "redact": 1.0,
    "fingerprint": 1.0,
    "sketch": 1.0,
    "weekdays": 1.0,
    "signals": 1.0,
    "homes": 1.0,
    "globs": 1.0,
    "colour": 1.0,
    "moments": 1.1,
    "ownership": 1.9,
    # 2: what is said to people, what they set, and what the kernel says
    "orm": 2.0,
    "log": 2.0,
    "convert": 2.0,
    "config_file": 2.0,
    "readings": 2.0,
    "tell": 2.0,
    "charts": 2.0,
    "targets": 2.0,
    "plans": 2.0,
    "timings": 2.0,
    "sections": 2.1,
    "pool_settings": 2.15,
    "registered": 2.17,
    "settings": 2.2,
    "watchdog": 2.1,
    "terminal": 2.1,
    "options": 2.1,
    "service": 2.1,
    "pace": 2.3,
    "tables": 2.3,
    "timelines": 2.3,
    # 3 and 4: the kinds of record, and the file with its one writer
    "records": 3.0,
    "figures": 3.1,
    "row_lines": 3.1,
    "layout": 3.2,
    "store": 4.0,
    # 5: where records come from, and what humans see of them. The client is standard library only; the
    # server takes from it how long an address may be.
    "client": 5.0,
    "samplers": 5.1,
    "workloads": 5.1,
    "intake": 5.1,
    "answers": 5.1,
    "slow": 5.1,  # who follows the warnings asks for them as a client
    "inspection": 5.2,  # has a child look at another database, as workloads have theirs run
    "importers": 5.2,  # reads JSON as the intake does
    "pools": 5.2,
    "machine_table": 5.2,
    # 6: how a command reads and writes
    "submit": 6.0,
    "opened": 6.0,
    "health": 6.1,
    "api": 6.2,
    "keep": 6.1,
    "holes": 6.1,
    "looking": 6.15,
    "alerts": 6.0,
    "hearing": 6.2,
    "refreshing": 6.1,
    "following": 6.1,
    "tidying": 6.1,
    "recovering": 6.1,
    # 7: when things run
    "schedule": 7.0,
    "sampling": 7.1,
    "recording": 7.05,
    "keeping": 7.1,
    "plan": 7.1,
    "config": 7.1,
    # 8: what begins and ends
    "daemon": 8.0,
    "commands": 8.0,
    "by_kind": 8.1,
    "entry": 8.1,
    # 9: arguments or a request in, an answer out
    "cli": 9.0,
    "__main__": 9.0,
}

# The command line's frame looks at the folder of its commands, whose `__init__` is empty.
LOOKS_INTO = {("commands", "cli")}

# Libraries that enter by one door.
DOORS: dict[str, set[str]] = {
    "apscheduler": {"schedule", "cli.check"},
    "peewee": {"orm"},
    "playhouse": {"store.schema"},
    "sqlite3": {"sqlite"},
    "pysqlite3": {"sqlite"},
    "structlog": {"log"},
}


def modules() -> dict[str, Path]:
    """Every module of the package by its name without ``collector.``; migrations are data, not modules."""
    found = {}
    for path in sorted(ROOT.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        if "migrations" not in parts:
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = modules()


@cache
def imported(path: Path, *, for_types: bool = True) -> tuple[str, ...]:
    """Full names of all that a file imports, wherever in it the import stands."""
    return tuple(_imported(path, for_types=for_types))


def _imported(path: Path, *, for_types: bool) -> Iterator[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    left_out = {
        id(inner)
        for node in ast.walk(tree)
        if not for_types and isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for statement in node.body
        for inner in ast.walk(statement)
    }
    for node in ast.walk(tree):
        if id(node) in left_out:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            around = ("collector", *path.relative_to(ROOT).parts)[: -node.level] if node.level else ()
            source = ".".join((*around, *([node.module] if node.module else [])))
            yield from (f"{source}.{alias.name}" for alias in node.names)


def own(name: str) -> str | None:
    """The module of ours that ``name`` is, or is in; None for other libraries and for the package itself."""
    parts = name.split(".")
    if parts[0] != "collector":
        return None
    while len(parts) > 1:
        if ".".join(parts[1:]) in MODULES:
            return ".".join(parts[1:])
        parts.pop()
    return None


def graph(*, for_types: bool) -> dict[str, set[str]]:
    """What each module imports of ours."""
    return {
        module: {own(name) or module for name in imported(path, for_types=for_types)} - {module}
        for module, path in MODULES.items()
        if module
    }


GRAPH = graph(for_types=True)


def unit(module: str) -> str:
    """The package or module of the table that a module belongs to."""
    return module.split(".", maxsplit=1)[0]


def test_every_module_stands_on_a_floor() -> None:
    """Whoever adds one says in the table above where it belongs."""
    homeless = sorted({unit(module) for module in GRAPH} - FLOORS.keys())
    assert homeless == [], f"give {', '.join(homeless)} a floor in FLOORS of {Path(__file__).name}"


def test_every_name_of_the_floors_is_a_unit() -> None:
    """One that is gone would hold its place for ever."""
    assert sorted(FLOORS.keys() - {unit(module) for module in GRAPH}) == []


@pytest.mark.parametrize("floor", sorted({int(floor) for floor in FLOORS.values()}))
def test_the_page_for_contributors_has_the_same_floors(floor: int) -> None:
    """All units of each, by their names; folders end in a stroke."""
    lines = CONTRIBUTING.read_text(encoding="utf-8").splitlines()
    (row,) = (line for line in lines if line.startswith(f"| {floor} |"))
    units = sorted(name for name, place in FLOORS.items() if int(place) == floor)
    assert sorted(re.findall(r"`(\w+)/?`", row)) == units


@pytest.mark.parametrize("module", sorted(GRAPH))
def test_a_module_imports_only_from_floors_below(module: str) -> None:
    """Or from its own package."""
    mine = FLOORS.get(unit(module), 99.0)
    wrong = [
        f"{module} (floor {mine}) imports {target} (floor {FLOORS[unit(target)]})"
        for target in sorted(GRAPH[module])
        if unit(target) != unit(module)
        and (module, target) not in LOOKS_INTO
        and FLOORS.get(unit(target), 0.0) >= mine
    ]
    assert wrong == []


def test_no_imports_go_in_a_circle() -> None:
    """Not even inside a package, and not even late ones; only a package's announcer names its own files.

    Inside a package a module may name a type of one above it, which is never imported when it runs.
    """
    inner = {
        module: {t for t in targets if MODULES[t].name != "__init__.py"}
        for module, targets in graph(for_types=False).items()
        if MODULES[module].name != "__init__.py"
    }
    try:
        TopologicalSorter(inner).prepare()
    except CycleError as error:
        pytest.fail(" imports ".join(reversed(error.args[1])))


def test_inside_the_store_buffer_and_database_lie_below_writer_and_schema() -> None:
    """The queue knows nothing of the disk, the connection nothing of tables."""
    upper = {"store.writer", "store.schema", "store.sessions", "store.upkeep", "store.lock"}
    assert {
        m: GRAPH[m] & upper for m in ("store.buffer", "store.database", "store.failures") if GRAPH[m] & upper
    } == {}


@pytest.mark.parametrize("library", sorted(DOORS))
def test_a_library_enters_by_its_door(library: str) -> None:
    """So that one place answers for its traps."""
    users = {
        module
        for module, path in MODULES.items()
        if any(name.split(".")[0] == library for name in imported(path))
    }
    assert users - DOORS[library] == set()


# Libraries that a hook serves: imported by the application, by the hook for their types only or late.
HOOKED = {"sqlalchemy", "peewee", "requests", "httpx"}


def test_what_the_client_needs_is_in_the_standard_library() -> None:
    """Applications import it, and must not pay for ours."""
    client = [module for module in MODULES if unit(module) == "client"]
    for module in client:
        names = set(imported(MODULES[module]))
        ours = {own(name) for name in names if own(name)}
        assert all(unit(name) == "client" for name in ours if name), module
        hooked = HOOKED if ".hooks." in module else set()
        assert {n.split(".")[0] for n in names} - {
            "__future__",
            "collector",
        } <= sys.stdlib_module_names | hooked


def test_importing_the_client_loads_the_standard_library_only() -> None:
    """And nothing dear of it: no asyncio, no OpenSSL."""
    code = "import sys; before = set(sys.modules); import collector.client; print(*set(sys.modules) - before)"
    done = subprocess.run(
        [sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True, timeout=30
    )
    loaded = {name.split(".")[0] for name in done.stdout.split()}
    assert loaded <= sys.stdlib_module_names | {"collector"}
    assert loaded & {"asyncio", "ssl", "_hashlib", "sqlite3"} == set()


def test_the_daemon_loads_nothing_that_only_a_command_or_a_page_needs() -> None:
    """Each would stay in memory for as long as it runs."""
    never = {
        "rich", "click", "psycopg", "pymysql", "ssl", "starlette", "uvicorn", "playhouse",
        "collector.cli", "collector.commands", "collector.terminal", "collector.answers",
    }  # fmt: skip
    code = "import collector.entry, sys; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30
    )
    loaded = set(done.stdout.split())
    assert "collector.daemon" in loaded
    assert {
        module for module in loaded if any(module == n or module.startswith(f"{n}.") for n in never)
    } == set()
