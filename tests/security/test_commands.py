"""Programs of the config: nobody else can change what runs, and no shell reads what no shell was asked to."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from collector.config import checked
from collector.errors import ConfigError
from collector.settings import Settings
from collector.workloads.command import Command
from collector.workloads.exposure import Exposure, of
from collector.workloads.program import program_exposures
from collector.workloads.stamp import git_stamp
from tests.security.others import as_root, given_away, opened_to_all, program
from tests.security.runs import as_somebody_else, config_faults, new_runs, ran
from tests.workloads.made import made

WORKLOAD = """
[[workloads]]
name = "it"
kind = "command"
every = "1m"
argv = ["{argv}"]
"""
REFUSED = "root runs nothing that others can change: "


@as_root
def test_a_program_that_others_can_change_is_refused_with_key_and_line(tmp_path: Path) -> None:
    """As soon as the config is read; then again when it is mended."""
    tool = program(tmp_path / "tool")
    text = WORKLOAD.format(argv=tool)
    assert config_faults(tmp_path, text) == []
    said = opened_to_all(tool)
    (fault,) = config_faults(tmp_path, text)
    assert fault.startswith('line 6: workloads[1].argv = ["/')
    assert fault.endswith(f": {REFUSED}{said}")


@as_root
@pytest.mark.parametrize("harm", [opened_to_all, given_away])
@pytest.mark.parametrize("place", ["bin/tool", "bin", "."])
def test_a_program_that_changed_hands_since_is_not_run(
    tmp_path: Path, harm: Callable[[Path], str], place: str
) -> None:
    """The file, its folder, or one above; the run has failed with the reason, and nothing ran."""
    (tmp_path / "bin").mkdir()
    tool = program(tmp_path / "bin/tool", f"touch {tmp_path}/ran")
    workload = made(Command, argv=(str(tool),))
    said = harm(tmp_path / place)
    record = ran(workload)
    assert (record.outcome, record.detail) == ("failed", f"not run: {REFUSED}{said}")
    assert not (tmp_path / "ran").exists()


def test_a_bare_name_is_judged_where_the_child_would_find_it(tmp_path: Path) -> None:
    """By the PATH that the config gives it, with relative folders from its cwd."""
    (tmp_path / "bin").mkdir()
    said = opened_to_all(program(tmp_path / "bin/tool"))
    assert program_exposures(("tool",), tmp_path, ("PATH=/usr/bin:bin",)) == [said]
    assert program_exposures(("tool",), Path("/usr"), ("PATH=bin",)) == []


def test_a_folder_that_comes_first_in_path_is_judged_too(tmp_path: Path) -> None:
    """Where a program of that name would hide the one that is meant; those behind it do not matter."""
    folder = tmp_path / "first"
    folder.mkdir()
    said = opened_to_all(folder)
    assert program_exposures(("sh",), None, (f"PATH={folder}:/usr/bin",)) == [said]
    assert program_exposures(("sh",), None, (f"PATH=/usr/bin:{folder}",)) == []


@pytest.mark.parametrize("path", ["/a\0b:/usr/bin", ":/usr/bin", "/usr/bin:" * 50, "/a" * 3000 + ":/usr/bin"])
def test_an_odd_path_is_no_way_in_and_no_traceback(path: str) -> None:
    """What cannot be reached is not run either."""
    assert program_exposures(("sh",), Path("/usr"), (f"PATH={path}",)) == []


def test_the_interpreter_of_a_script_is_judged_too(tmp_path: Path) -> None:
    """It is what runs; scripts may be interpreters themselves, even of each other."""
    outer, inner = program(tmp_path / "outer"), program(tmp_path / "inner")
    outer.write_text(f"#! {inner} -x\n")
    said = opened_to_all(inner)
    assert program_exposures((str(outer),), None, ()) == [said]
    inner.write_text(f"#!{outer}\n")
    assert program_exposures((str(outer),), None, ()) == [said]


def test_another_user_is_warned_once_and_in_every_check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, events: Callable[[], list[dict[str, Any]]]
) -> None:
    """They harm nobody but themselves, so it runs."""
    tool = program(tmp_path / "tool", "echo ran")
    said = opened_to_all(tool)
    workload = made(Command, argv=(str(tool),))
    as_somebody_else(monkeypatch)
    assert config_faults(tmp_path, WORKLOAD.format(argv=tool)) == []
    assert of(Settings(path=None, workloads=(workload,))) == [Exposure("it", "argv", said)]
    runs = new_runs()
    assert [ran(workload, runs).output for _ in range(2)] == ["ran\n", "ran\n"]
    warned = [event for event in events() if event["event"] == "workload.exposed"]
    assert [(e["level"], e["name"], e["key"], e["fault"]) for e in warned] == [
        ("warning", "it", "argv", said)
    ]


@as_root
@pytest.mark.parametrize("before", ["", '"/bin/sh", '])
def test_root_hands_no_alert_to_a_program_that_others_can_change(tmp_path: Path, before: str) -> None:
    """Its config is refused with its line, as for a workload; a script behind a shell, too."""
    tool = program(tmp_path / "tool")
    said = opened_to_all(tool)
    (fault,) = on_alert_faults(tmp_path, f'{before}"{tool}"')
    assert fault.startswith("line 3: alerts.on_alert = [")
    assert fault.endswith(f": {REFUSED}{said}")


@pytest.mark.parametrize("name", ["./w.sh", "bin/w.sh", "../w.sh"])
def test_a_program_for_alerts_has_a_name_or_an_absolute_path(tmp_path: Path, name: str) -> None:
    """A relative path would count from wherever the recorder was started."""
    what = "the program is a name, looked for in PATH, or an absolute path"
    assert on_alert_faults(tmp_path, f'"{name}"') == [f'line 3: alerts.on_alert = ["{name}"]: {what}']
    assert on_alert_faults(tmp_path, '"true"') == on_alert_faults(tmp_path, '"/bin/sh"') == []
    (fault,) = on_alert_faults(tmp_path, '"~/w.sh"')
    assert fault.endswith(f"'~' is a shell's; write '{Path.home()}/w.sh'")


def on_alert_faults(folder: Path, words: str) -> list[str]:
    """What is said of a config with this ``on_alert``."""
    config = folder / "c.toml"
    config.write_text(f"\n[alerts]\non_alert = [{words}]\n", encoding="utf-8")
    try:
        checked(config)
    except ConfigError as error:
        return [str(problem) for problem in error.problems]
    return []


@as_root
def test_root_asks_no_repository_that_others_can_change(tmp_path: Path) -> None:
    """Its config may name programs, which git starts to compare files."""
    git = f"git -C {shlex.quote(str(tmp_path))}"
    made_one = f"{git} init -q && {git} -c user.name=a -c user.email=a@b commit -q --allow-empty -m x"
    assert ran(made(Command, argv=(made_one,), shell=True)).outcome == "ok"
    commit, changed = git_stamp(tmp_path)
    assert (len(commit or ""), changed) == (40, False)
    opened_to_all(tmp_path / ".git/config")
    assert git_stamp(tmp_path) == (None, None)


HOSTILE = ("; touch ran", "$(touch ran)", "`touch ran`", "| touch ran", "&& touch ran", "> ran",
           "\ntouch ran", "*", "~", "$HOME", "'", '"', "\\", "-", "", "a b", "\x1b[m", "\u202e")  # fmt: skip


def test_words_stay_words(tmp_path: Path) -> None:
    """No shell reads what none was asked to: neither the words, nor the program's name, nor its folder."""
    folder = tmp_path / "$(touch ran); x 'y"
    folder.mkdir()
    tool = program(folder / "a;touch ran", """printf '%s\\0' "$@" > words; pwd""")
    record = ran(made(Command, argv=("./a;touch ran", *HOSTILE), cwd=folder))
    assert (record.outcome, record.output) == ("ok", f"{folder}\n")
    assert (folder / "words").read_bytes() == b"".join(os.fsencode(word) + b"\0" for word in HOSTILE)
    assert {path.name for path in folder.iterdir()} == {tool.name, "words"}


def test_the_command_is_shown_as_it_would_have_to_be_typed() -> None:
    """A shell that is given the line finds the same words in it."""
    argv = ("printf", *(word for word in HOSTILE if word.isprintable()))
    assert tuple(shlex.split(made(Command, argv=argv).command_line())) == argv


def test_only_shell_true_is_a_shell(tmp_path: Path) -> None:
    """Of which the shell and the first command are judged; see test_scripts."""
    tool = program(tmp_path / "tool", "echo $0")
    workload = made(Command, argv=("./tool; echo $((1 + 1))",), shell=True, cwd=tmp_path)
    assert ran(workload).output == "./tool\n2\n"
    said = opened_to_all(tool)
    assert list(workload.exposures()) == [("argv", said)]
