"""All samplers on the machine that runs the tests."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest

from collector import clock, samplers
from collector.records.base import KINDS_BY_STRUCT
from collector.samplers.base import SAMPLERS, Context, Group, Seat

from .conftest import columns

assert samplers  # importing it announces them


@pytest.fixture
def group(real: Context) -> Group:
    """Every sampler there is, in one group."""
    return Group([Seat(kind(real)) for kind in SAMPLERS.values()])


def turn(group: Group) -> list[msgspec.Struct]:
    """All records of one turn."""
    records: list[msgspec.Struct] = []
    group.turn(clock.now(), lambda _, put: records.extend(put))
    return records


def test_a_first_turn_gives_levels_only(group: Group) -> None:
    """No subject that has rates says anything yet."""
    kinds = {KINDS_BY_STRUCT[type(record)].name for record in turn(group)}
    assert kinds <= {"filesystem", "sensor"}


def test_every_sampler_is_well_or_says_what_is_missing(group: Group) -> None:
    """None fails on a real kernel."""
    turn(group)
    turn(group)
    for seat in group.seats:
        health = seat.health()
        assert health["state"] in {"ok", "missing"}, health
        assert (health["reason"] is None) == (health["state"] == "ok")


def test_every_record_passes_its_own_checks(group: Group) -> None:
    """Types and ranges are those of the table, so that no flush is refused."""
    turn(group)
    for record in turn(group):
        struct: Any = type(record)
        assert msgspec.convert(msgspec.structs.asdict(record), struct) == record


def test_shares_lie_between_0_and_100_and_rates_are_not_negative(group: Group) -> None:
    """Whatever the machine does meanwhile. A process or the recorder may use several cores."""
    turn(group)
    for row in columns(turn(group)):
        for name, value in row.items():
            if re.search("_percent$|_per_s$|_bytes$", name) and value is not None:
                assert value >= 0, (name, row)
            if name.endswith("_percent") and name != "cpu_percent" and value is not None:
                assert value <= 100.001, (name, row)


def test_only_the_process_walk_has_an_interval_of_its_own(real: Context) -> None:
    """It is the one dear reading; the rest shares one turn, one flush and one wake-up."""
    own = {name for name in SAMPLERS if SAMPLERS[name].every(real.settings) is not None}
    assert own == {"process"}
    assert SAMPLERS["process"].every(real.settings) == real.settings.sampling.processes.every


def test_what_may_hang_comes_last(group: Group) -> None:
    """Devices and file systems of others."""
    assert [seat.name for seat in group.seats if seat.sampler.may_block] == ["filesystem", "sensor"]
    assert {seat.name for seat in group.seats[-2:]} == {"filesystem", "sensor"}
