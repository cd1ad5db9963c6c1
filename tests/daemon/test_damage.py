"""Damage under a recorder that runs, which reads few of its own pages."""

from __future__ import annotations

import pytest

from collector.errors import DatabaseError
from collector.opened import reader, reading_settings
from collector.orm import select
from tests.daemon.conftest import Recorder

PAGE_BYTES = 4096


def test_a_command_that_meets_damage_has_the_recorder_set_it_aside(recorder: Recorder) -> None:
    """Its own look may come much later."""
    recorder.start()
    recorder.stop()  # all of it is in the file now
    recorder.start()
    ((page,),) = recorder.rows("SELECT rootpage FROM sqlite_master WHERE name = 'skill_metrics'")
    with recorder.database.open("r+b") as file:
        file.seek((page - 1) * PAGE_BYTES)
        file.write(b"\xff" * PAGE_BYTES)
    with pytest.raises(DatabaseError, match="damaged"), reader(reading_settings(recorder.config)) as database:
        select(database, "SELECT count(*) FROM skill_metrics NOT INDEXED")
    assert ".corrupt-" in recorder.wait_for_event("database.set_aside")["set_aside"]
    its_own_look = [event for event in recorder.events() if event["event"] == "recovery.damaged"]
    assert its_own_look == []
