"""A backup goes through a link only to a file that is there."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.answers.made import Made
from tests.cli.conftest import Call


@pytest.mark.parametrize("leads_to", ["nowhere", "loop.db", "no/folder.db"])
@pytest.mark.parametrize("force", [(), ("--force",)])
def test_a_link_that_leads_nowhere_is_refused(
    made: Made, call: Call, tmp_path: Path, leads_to: str, force: tuple[str, ...]
) -> None:
    """Nothing is made behind it, where a disk may have to be mounted first."""
    link = tmp_path / "loop.db"
    link.symlink_to(leads_to)
    before = {path.name for path in tmp_path.iterdir()}
    said = call("db", "backup", str(link), *force)
    assert (said.code, said.out) == (2, "")
    assert f"{link} is a link to {leads_to}, and no file can be found there" in said.err
    assert {path.name for path in tmp_path.iterdir()} == before


def test_a_folder_may_be_a_link(made: Made, call: Call, tmp_path: Path) -> None:
    """The file is new in it."""
    (tmp_path / "disk").mkdir()
    (tmp_path / "backups").symlink_to("disk")
    assert call("db", "backup", str(tmp_path / "backups/b.db")).code == 0
    assert (tmp_path / "disk/b.db").is_file()
