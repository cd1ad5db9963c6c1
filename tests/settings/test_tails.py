"""``[[tails]]`` and ``[[pools]]``: every fault at once, and one tail a log."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from collector.config import checked
from collector.errors import ConfigError
from collector.globs import overlap
from tests.settings.conftest import Config

Faults = Callable[[str], list[str]]


@pytest.fixture
def faults(config: Config) -> Faults:
    """What the real formats find wrong, too; without the folder's name."""

    def found(text: str) -> list[str]:
        config.path.write_text(text, encoding="utf-8")
        config.path.chmod(0o600)
        with pytest.raises(ConfigError) as caught:
            checked(config.path)
        return [str(fault).replace(str(config.folder), "") for fault in caught.value.problems]

    return found


def tail(path: str, more: str = "", form: str = "postgresql") -> str:
    """A table of three lines and ``more``."""
    return f'[[tails]]\npath = "{path}"\nformat = "{form}"\n{more}'


def test_a_wrong_value_hides_nothing_of_the_format(faults: Faults) -> None:
    """What means nothing, what is missing, a zone that is none, a pattern that is none."""
    slow = 'slow = "never"\n'
    found = faults(
        tail("/a.log", slow + 'pattern = "x"\nprefix = "%q"\ntimezone = "Mars"\n')
        + tail("/b.log", slow, "pattern")
        + tail("/c.log", slow + 'pattern = "("\n', "pattern")
    )
    assert [fault.split(" = ")[0].split(": missing")[0] for fault in found] == [
        "line 4: tails[1].slow",
        "line 5: tails[1].pattern",
        "line 6: tails[1].prefix",
        "line 7: tails[1].timezone",
        "line 8: tails[2].pattern",
        "line 11: tails[2].slow",
        "line 15: tails[3].slow",
        "line 16: tails[3].pattern",
    ]
    assert "means nothing to the format postgresql" in found[1]
    assert "is no regular expression" in found[-1]


def test_what_cannot_be_read_is_told_once(faults: Faults) -> None:
    """A pattern that is a number is not missing besides; of a format that is a number nothing is known."""
    found = faults(tail("/a.log", "pattern = 5\n", "pattern") + "[[tails]]\nformat = 7\n")
    assert [fault.split(":")[1] for fault in found] == [
        " tails[1].pattern = 5",
        " tails[2].path",
        " tails[2].format = 7",
    ]


def test_names_and_paths_are_compared_among_faulty_tails_too(faults: Faults) -> None:
    """Mending the one fault must not bring up the other."""
    wrong = 'name = "a"\nslow = 5\n'
    found = faults(tail("/a.log", wrong) + tail("/a.log", wrong))
    assert [fault for fault in found if "slow" not in fault] == [
        'line 7: tails[2].path = "/a.log": this path is taken by the one of line 2',
        'line 9: tails[2].name = "a": this name is taken by the one of line 4',
    ]


def test_names_are_compared_among_faulty_pools_too(faults: Faults) -> None:
    """And what is wrong with the password's file is told beside, with its path."""
    pool = (
        '[[pools]]\nname = "a"\nkind = "postgresql"\ndatabase = "postgresql://h/d"\n'
        'every = "never"\npassword_file = "nowhere"\n'
    )
    found = faults(pool + pool)
    assert found[1].startswith("line 6: pools[1].password_file = ")
    assert found[1].endswith('/nowhere": No such file or directory')
    assert found[2] == 'line 8: pools[2].name = "a": this name is taken by the one of line 2'
    assert len(found) == 5


def test_a_list_may_hold_what_is_no_table(faults: Faults) -> None:
    """That is told, and nothing else of it."""
    assert faults("tails = [5]\n") == ["line 1: tails[1] = 5: must be a table, [tails[1]]"]


@pytest.mark.parametrize(("first", "second"), [("/x/two.log", "/x/tw*.log"), ("/x/tw*.log", "/x/two.log")])
def test_a_log_has_one_tail(faults: Faults, first: str, second: str) -> None:
    """Else each of its statements would be told twice."""
    assert faults(tail(first) + tail(second)) == [
        f'line 5: tails[2].path = "{second}": overlaps {first} of line 2: a log has one tail'
    ]


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        ("/x/two.log", "/x/tw*.log", True),
        ("/x/two*.log", "/x/tw*.log", True),
        ("/x/a.log", "/**/a.log", True),
        ("/x/y/a.log", "/x/**/*.log", True),
        ("/x/a.log", "/x/**/*.log", True),
        ("/x/a1.log", "/x/a[0-9].log", True),
        ("/x/y/a.log", "/x/*.log", False),
        ("/x/a.log", "/x/?b.log", False),
        ("/x/a.log", "/x/a.log/*", False),
        ("/x/A.log", "/x/a*.log", False),
    ],
)
def test_globs_are_compared_by_their_parts(one: str, other: str, both: bool) -> None:
    """A star does not cross a slash."""
    assert overlap(Path(one), Path(other)) is both
    assert overlap(Path(other), Path(one)) is both


def test_logs_beside_each_other_are_fine(config: Config) -> None:
    """Globs of different names."""
    settings = config.load(tail("/x/a*.log") + tail("/x/b*.log") + tail("/y/a1.log"))
    assert len(settings.tails) == 3
