"""What the words behind a program have it run is judged like the program: scripts, modules, Makefiles."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from collector.settings import Settings
from collector.workloads.command import Command
from collector.workloads.exposure import Exposure, of
from collector.workloads.program import program_exposures
from collector.workloads.scripts import first_command
from collector.workloads.sql import Sql
from tests.security.others import as_root, opened_to_all, program
from tests.security.runs import config_faults, ran
from tests.workloads.made import made

REFUSED = "root runs nothing that others can change: "

BEHIND_THEM = [
    ["/bin/sh", "./it"], ["sh", "-eu", "-o", "pipefail", "it"], ["bash", "--", "./it"], ["zsh", "it", "-c"],
    ["sh", "-c", "./it --fast; true"], ["bash", "-ec", "\n# first\nA=1 ./it"], ["sh", "-c", "sh ./it"],
    ["sh", "-c", ". ./it"], ["sh", "-c", "exec ./it"], ["sh", "-c", "if ! ./it; then exit; fi"],
    ["/usr/bin/env", "./it"], ["env", "-u", "HOME", "A=b", "./it"], ["env", "-S", "sh it"],
    ["env", "PATH=.:/usr/bin", "it"], ["nice", "-n", "5", "./it"], ["nice", "-n5", "ionice", "-c2", "./it"],
    ["timeout", "-k", "5", "60", "./it"], ["timeout", "--signal=9", "60", "sh", "it"], ["time", "-p", "./it"],
    ["nohup", "./it"], ["setsid", "-w", "./it"], ["xargs", "-0", "-n", "1", "./it"],
    ["python3", "it"], ["python3.11", "-W", "error", "-um", "it"], ["python3", "-Xdev", "./it"],
    ["perl", "-w", "it"], ["ruby", "-I", "lib", "it"], ["node", "--require", "x", "it"],
    ["php8.2", "-f", "it"], ["make"], ["make", "-f", "it"], ["make", "-j", "--file=it"],
    [sys.executable, "it"], ["bash", "--rcfile", "it", "-i"], ["bash", "--init-file", "it", "-c", "true"],
    ["taskset", "-c", "0", "sh", "it"], ["chrt", "-b", "0", "sh", "it"], ["chrt", "-T", "9", "0", "./it"],
    ["stdbuf", "-oL", "-e", "0", "sh", "it"], ["stdbuf", "--output=L", "sh", "it"],
    ["flock", "-w", "5", "/tmp", "sh", "it"], ["flock", "/tmp", "-c", "sh it"],
    ["/lib64/ld-linux-x86-64.so.2", "it"], ["ld-linux-aarch64.so.1", "--argv0", "x", "/bin/sh", "it"],
    ["/lib64/ld-linux-x86-64.so.2", "--preload", "./it", "/bin/true"], ["env", "LD_PRELOAD=./it", "true"],
]  # fmt: skip
NAMED = [
    ["strace", "-f", "./it"], ["unknown", "it"], ["prlimit", "--x=it"], ["unknown", "-fit"],
    ["env", "unknown", "./it"], ["sh", "-c", "unknown it"], ["unknown", "lib.so.1"], ["lua", "./it.lua"],
    ["unknown", "{folder}/it"], ["echo", "./it"], ["env", "RUBYOPT=-r./it", "true"],
]  # fmt: skip
NOTHING_OF_IT = [
    ["echo", "./it"], ["sh", "-c", "echo ./it"], ["sh", "-s"], ["sh"], ["sh", "-c"], ["sh", "-c", "'./it"],
    ["env"], ["timeout", "5"], ["perl", "-e", "it", "it"], ["perl", "-lane", "it"], ["node", "-e", "it"],
    ["php", "-r", "it"], ["make", "-f", "-"], ["sh", "-"], ["env", "-S", "'"], ["-"], ["/3"],
]  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With a script, a module and a Makefile, of which no bit says that they may be executed."""
    for name in ("it", "it.py", "Makefile"):
        program(tmp_path / name).chmod(0o644)
    return tmp_path


@pytest.mark.parametrize("words", BEHIND_THEM, ids=" ".join)
def test_the_file_behind_a_known_program_is_judged(folder: Path, words: list[str]) -> None:
    """From where it runs, past options and their values, through as many programs as there are."""
    assert program_exposures(words, folder, ()) == []
    said = {opened_to_all(folder / name) for name in ("it", "it.py", "Makefile")}
    (fault,) = program_exposures(words, folder, ())
    assert fault in said


@pytest.mark.parametrize("words", NAMED, ids=" ".join)
def test_a_file_to_be_run_is_judged_in_the_words_of_any_program(folder: Path, words: list[str]) -> None:
    """By its bits or its ending, behind ``=`` and an option's letter, too; what is only read is not."""
    words = [word.format(folder=folder) for word in words]
    opened_to_all(program(folder / "it"))
    for name in ("lib.so.1", "it.lua"):
        (folder / name).write_text("")
        opened_to_all(folder / name)
    (fault,) = program_exposures(words, folder, ())
    assert "everybody can write it" in fault
    (folder / "it").chmod(0o666)
    if words[-1].endswith("it"):
        assert program_exposures(words, folder, ()) == []


def test_the_interpreter_of_a_named_script_is_judged(folder: Path) -> None:
    """It runs, too."""
    said = opened_to_all(program(folder / "speak"))
    (folder / "it").write_text(f"#!{folder}/speak\n")
    (folder / "it").chmod(0o755)
    assert program_exposures(["unknown", "./it"], folder, ()) == [said]


@pytest.mark.parametrize(
    "word", ["x" * 5000, "a\0b", "", "-", "=", "-x", "it/x", "/dev/null", "/proc/self/mem"]
)
def test_an_odd_word_is_no_file_and_no_traceback(folder: Path, word: str) -> None:
    """Whatever stands there."""
    assert program_exposures(["true", word], folder, ()) == []


@pytest.mark.parametrize(
    "variable",
    ["LD_PRELOAD=x.so ./open/it", "LD_LIBRARY_PATH=/usr/lib:open", "PYTHONPATH=open", "BASH_ENV=open/it"],
)
def test_what_a_variable_has_every_program_load_is_judged(folder: Path, variable: str) -> None:
    """Of a workload of any kind; relative to its folder."""
    (folder / "open").mkdir()
    workloads = (
        made(Command, argv=("true",), cwd=folder, env=(variable,)),
        made(Sql, database="sqlite:////a.db", query="select 1", cwd=folder, env=(variable,)),
    )
    assert of(Settings(path=None, workloads=workloads)) == []
    said = opened_to_all(folder / "open")
    assert of(Settings(path=None, workloads=workloads)) == [Exposure("it", "env", said)] * 2


@pytest.mark.parametrize("words", NOTHING_OF_IT, ids=" ".join)
def test_a_word_that_is_no_file_to_run_is_not_judged(folder: Path, words: list[str]) -> None:
    """Arguments, statements and halves of commands; none is a traceback."""
    for name in ("it", "it.py", "Makefile"):
        opened_to_all(folder / name)
    assert program_exposures(words, folder, ()) == []


@pytest.mark.parametrize(
    "words",
    [["make", "-C", "open"], ["make", "-sC", "open", "all"], ["python3", "open/m.py"],
     ["env", "-C", "open", "./m"], ["/bin/sh", "open/m.sh"]],
    ids=" ".join,
)  # fmt: skip
def test_a_folder_in_which_others_can_put_the_file_is_judged(folder: Path, words: list[str]) -> None:
    """Whether or not it is there."""
    (folder / "open").mkdir()
    assert program_exposures(words, folder, ()) == []
    said = opened_to_all(folder / "open")
    assert program_exposures(words, folder, ()) == [said]


@pytest.mark.parametrize("words", [["python3", "job.py"], ["python3", "-m", "job"], ["python3", "-c", "1"]])
def test_python_searches_a_folder_in_which_others_can_put_a_module(folder: Path, words: list[str]) -> None:
    """A sticky one, such as /tmp, keeps the script itself, but a `json.py` beside it would be imported."""
    program(folder / "job.py")
    folder.chmod(0o1777)
    hiding = f"{folder / 'json.py'}: is not there, and everybody could put something there"
    assert hiding in program_exposures(words, folder, ())


def test_folders_of_pythonpath_are_judged_for_a_script(folder: Path) -> None:
    """As for a callable."""
    (folder / "lib").mkdir()
    said = opened_to_all(folder / "lib")
    assert program_exposures(["env", "PYTHONPATH=lib", "python3", "it"], folder, ()) == [said]
    assert program_exposures(["python3", "it"], folder, ("PYTHONPATH=lib",)) == [said]


def test_a_first_line_that_asks_env_is_followed(folder: Path) -> None:
    """To the interpreter that PATH leads to."""
    (folder / "bin").mkdir()
    said = opened_to_all(program(folder / "bin/speak"))
    program(folder / "it").write_text("#!/usr/bin/env speak\n")
    assert program_exposures(["./it"], folder, ("PATH=bin:/usr/bin:/bin",)) == [said]


def test_a_circle_of_programs_ends(folder: Path) -> None:
    """Whoever starts themselves does so without end, but is not looked at so."""
    (folder / "it").write_text(f"#!/usr/bin/env -S env sh {folder}/it\n")
    assert program_exposures(["./it"], folder, ()) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("make test", ("make", "test")),
        ("\n\n  # why\n'a b' c;d", ("a b", "c")),
        ("(./a|b)", ("./a",)),
        ("a 'b", ()),
        ("~/a", (str(Path.home() / "a"),)),
        ("; &", ()),
        ("", ()),
    ],
)
def test_the_first_command_of_a_text_is_found(text: str, words: tuple[str, ...]) -> None:
    """As a shell would take it apart."""
    assert first_command(text) == words


@as_root
@pytest.mark.parametrize(
    ("shown", "words"),
    [('["./w.sh"]\nshell = true', ["./w.sh"]), ('["/bin/sh", "./w.sh"]', ["/bin/sh", "./w.sh"])],
)
def test_root_refuses_the_config_and_each_run(tmp_path: Path, shown: str, words: list[str]) -> None:
    """With key and line, as for the program itself."""
    text = f'[[workloads]]\nname = "it"\nkind = "command"\nevery = "1m"\nargv = {shown}\n'
    script = program(tmp_path / "w.sh", "touch ran")
    assert config_faults(tmp_path, text) == []
    said = opened_to_all(script)
    (fault,) = config_faults(tmp_path, text)
    assert fault.startswith("line 5: workloads[1].argv = [")
    assert fault.endswith(f": {REFUSED}{said}")
    record = ran(made(Command, argv=tuple(words), shell="shell" in shown, cwd=tmp_path))
    assert (record.outcome, record.detail) == ("failed", f"not run: {REFUSED}{said}")
    assert not (tmp_path / "ran").exists()
