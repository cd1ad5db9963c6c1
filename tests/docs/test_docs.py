"""The documentation cannot fall behind: what exists is in it."""

from __future__ import annotations

import importlib.util
import re
import tomllib
from pathlib import Path

import click
import msgspec
import pytest

from collector.commands import main_group
from collector.intake.tails import formats  # noqa: F401  # announces every format
from collector.intake.tails.base import FORMATS
from collector.records.base import KINDS
from collector.samplers.base import SAMPLERS
from collector.settings import SECTIONS, PoolSettings, TailSettings, WorkloadSettings
from collector.workloads.base import KINDS as WORKLOAD_KINDS

ROOT = Path(__file__).parents[2]
CONFIG = (ROOT / "docs/config.md").read_text(encoding="utf-8")


def commands(group: click.Group, path: str = "collector") -> list[str]:
    """Every command that can be typed."""
    context = click.Context(group)
    found = []
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        typed = f"{path} {name}"
        found += commands(command, typed) if isinstance(command, click.Group) else [typed]
    return found


@pytest.mark.parametrize("command", commands(main_group))
def test_every_command_is_in_the_docs(command: str) -> None:
    """With a line of its own."""
    page = (ROOT / "docs/commands.md").read_text(encoding="utf-8")
    assert re.search(rf"^\| `{command}\b", page, re.MULTILINE)


@pytest.mark.parametrize(
    ("heading", "struct"),
    [
        *((f"## `[{name}]`", section) for name, section in SECTIONS.items()),
        ("## `[[workloads]]`", WorkloadSettings),
        ("## `[[tails]]`", TailSettings),
        ("## `[[pools]]`", PoolSettings),
        *((f'### `kind = "{name}"`', kind.settings) for name, kind in
          ((name, WORKLOAD_KINDS[name]) for name in WORKLOAD_KINDS)),
    ],
)  # fmt: skip
def test_every_setting_is_in_the_docs(heading: str, struct: type[msgspec.Struct]) -> None:
    """Under the heading of its section, with its default."""
    assert heading in CONFIG
    section = CONFIG.split(heading)[1].split("\n## ")[0].split("\n### ")[0]
    own = {field.encode_name for field in msgspec.structs.fields(struct)}
    if struct is not WorkloadSettings and issubclass(struct, WorkloadSettings):
        own -= {field.encode_name for field in msgspec.structs.fields(WorkloadSettings)}
    documented = set(re.findall(r"^\| `(\w+)`", section, re.MULTILINE))
    assert documented == own


@pytest.mark.parametrize("name", [*FORMATS])
def test_every_log_format_is_in_the_docs(name: str) -> None:
    """With a section of its own, and among what can be imported and followed."""
    assert f"\n## `{name}`\n" in (ROOT / "docs/logs.md").read_text(encoding="utf-8")
    assert f"`{name}`" in (ROOT / "docs/importing.md").read_text(encoding="utf-8")
    (line,) = [line for line in CONFIG.split("## `[[tails]]`")[1].splitlines() if line[:10] == "| `format`"]
    assert f"`{name}`" in line


def test_every_option_of_bench_is_in_the_docs() -> None:
    """In a table under the section that is about it."""
    command = main_group.get_command(click.Context(main_group), "bench")
    assert command is not None
    page = (ROOT / "docs/slow.md").read_text(encoding="utf-8")
    section = page.split("## Is it the machine?")[1].split("\n## ")[0]
    documented = set(re.findall(r"^\| `(--[\w-]+)`", section, re.MULTILINE))
    assert documented == {option for parameter in command.params for option in parameter.opts}


def test_every_sampler_can_be_found_by_its_name() -> None:
    """Where `off` is explained."""
    (line,) = [line for line in CONFIG.splitlines() if line.startswith("| `off`")]
    assert set(re.findall(r"`(\w+)`", line)) - {"off"} == set(SAMPLERS)


def test_the_page_of_records_is_made_from_the_models() -> None:
    """`make docs` writes it; every table and column is in it."""
    spec = importlib.util.spec_from_file_location("render", ROOT / "docs/render.py")
    assert spec is not None
    assert spec.loader is not None
    render = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(render)
    page = (ROOT / "docs/records.md").read_text(encoding="utf-8")
    assert page == render.page(), "run `make docs`"
    for kind in KINDS.values():
        assert f"`{kind.table}`" in page
        assert kind.source


def test_the_example_config_names_every_setting() -> None:
    """Complete, as its first line says; what is off by default stands there as a comment."""
    text = (ROOT / "config/collector.toml").read_text(encoding="utf-8")
    tables = tomllib.loads(text)
    for name, section in SECTIONS.items():
        for field in msgspec.structs.fields(section):
            name_of = field.encode_name
            as_comment = re.search(rf"^# {name_of} = ", text, re.MULTILINE)
            assert name_of in tables[name] or as_comment, f"{name}.{name_of}"
    assert {workload["kind"] for workload in tables["workloads"]} == set(WORKLOAD_KINDS)
    for name, struct in (("tails", TailSettings), ("pools", PoolSettings)):
        examples = "".join(text.split(f"# [[{name}]]\n")[1:])
        for field in msgspec.structs.fields(struct):
            assert f"\n# {field.encode_name} = " in f"\n{examples}", f"{name}.{field.encode_name}"


def test_the_lock_files_name_no_registry_and_every_pin_has_a_hash() -> None:
    """Versions and hashes, nothing else."""
    for lock in ROOT.glob("requirements*.lock"):
        text = lock.read_text(encoding="utf-8")
        assert "://" not in text
        pins = re.findall(r"^[\w.-]+(?:\[[\w,]+\])?==", text, re.MULTILINE)
        assert 0 < len(pins) <= text.count("--hash=sha256:")


def test_every_dependency_says_what_it_is_for() -> None:
    """In one line of pyproject.toml."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    block = text.split("dependencies = [")[1].split("\n]")[0].strip().splitlines()
    for number, line in enumerate(block):
        assert "#" in line or block[number - 1].strip().startswith("#"), line
