"""Where one-file features announce themselves."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from collector.registry import Registry, discover, nearest


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of an importable package, empty but for its registry."""
    folder = tmp_path / "dropped_in"
    folder.mkdir()
    (folder / "__init__.py").write_text(
        "from collector.registry import Registry\nTHINGS = Registry('thing')\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    yield folder
    for name in [name for name in sys.modules if name.split(".")[0] == "dropped_in"]:
        del sys.modules[name]


def discovered() -> ModuleType:
    """The package, all of its files imported."""
    import dropped_in  # type: ignore[import-not-found]

    discover(dropped_in)
    return dropped_in  # type: ignore[no-any-return]


def test_things_are_found_by_name_in_the_order_they_were_announced() -> None:
    """Like a dictionary that can only grow."""
    registry: Registry[int] = Registry("number")
    registry.add("two", 2)
    registry.add("one", 1)
    assert (list(registry), registry.values(), registry["one"], len(registry)) == (
        ["two", "one"],
        [2, 1],
        1,
        2,
    )
    assert "one" in registry
    assert "three" not in registry


def test_a_name_that_is_taken_is_refused_with_the_word_for_it() -> None:
    """Two files that announce one name are a mistake, told at import."""
    registry: Registry[int] = Registry("workload kind")
    registry.add("sql", 1)
    with pytest.raises(ValueError, match="two of workload kind 'sql'"):
        registry.add("sql", 2)
    assert registry["sql"] == 1


def test_a_file_dropped_into_the_package_announces_itself(package: Path) -> None:
    """Nothing lists the files but the folder, and they come in the order of their names."""
    for name in ("beta", "alpha"):
        (package / f"{name}.py").write_text(f"from dropped_in import THINGS\nTHINGS.add({name!r}, 1)\n")
    assert list(discovered().THINGS) == ["alpha", "beta"]


def test_a_file_that_begins_with_an_underscore_is_left_alone(package: Path) -> None:
    """It is a part of another."""
    (package / "_inner.py").write_text("raise RuntimeError('imported')\n")
    assert list(discovered().THINGS) == []


def test_a_file_that_cannot_be_imported_is_not_passed_over(package: Path) -> None:
    """A feature that is silently missing would be worse."""
    (package / "broken.py").write_text("import no_such_module_anywhere\n")
    with pytest.raises(ModuleNotFoundError, match="no_such_module_anywhere"):
        discovered()


@pytest.mark.parametrize(
    ("name", "hint"),
    [("databse", " (did you mean 'database'?)"), ("evry", " (did you mean 'every'?)"), ("zzz", ""), ("", "")],
)
def test_the_nearest_name_is_offered_when_one_is_near(name: str, hint: str) -> None:
    """And nothing is guessed when none is."""
    assert nearest(name, ["database", "every", "timeout"]) == hint
