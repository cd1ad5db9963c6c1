"""Whatever happens, and in whatever order: rollups are what a recomputation from all rows makes them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.store.changes import Delete, Update
from tests.conftest import START, Store
from tests.store.rollups.world import DAY, MINUTE, World, check, disk, sensor, skill, skills

MIDNIGHT = START.wall_ms - START.wall_ms % DAY

# Mostly so close that rows meet in their stretches, on both sides of a midnight; some years ago.
near = st.integers(-200, 200).map(lambda n: MIDNIGHT + n * 37_000)
moments = st.one_of(near, near, near, st.sampled_from([MIDNIGHT, MIDNIGHT + 300_000, MIDNIGHT - 1, 0]))
figures = st.one_of(st.just(0.0), st.floats(1e-3, 1e9), st.sampled_from([1.0, 2.5, 40.0]))
names = st.sampled_from(["a", 'ü"\\'])
celsius = st.none() | st.floats(-60, 120)

Act = Callable[[World], Any]


def do(act: str, *args: Any) -> Act:
    """One thing that happens."""
    return lambda world: getattr(world, act)(*args)


def store_samples(moment: int, name: str, figure: float, temperature: float | None, *more: int) -> Act:
    """Samples of one moment and more; the clock may have been there before."""
    return do("put", disk(moment, name, figure), sensor(moment, temperature, figure > 1), *map(disk, more))


def store_skills(moments: list[int], name: str, figure: float, record_id: str | None) -> Act:
    """Skills, late or not; a second one with an id is not stored."""
    return do("put", *(skill(at, name, figure + i, record_id=record_id) for i, at in enumerate(moments)))


def update(moment: int, name: str, values: dict[str, Any]) -> Act:
    """Skills of some minutes get other values."""
    return do("change", Update(skills(moment, moment + 90 * MINUTE, skill_id=name), values))


def delete(moment: int, name: str, *, last: bool) -> Act:
    """Skills of some minutes go, or the newest rows, whose numbers then come once more."""
    many = skills(moment) if last else skills(moment, moment + 90 * MINUTE, skill_id=name)
    return do("change", Delete(many), Delete(many))


def some_turns(now: int, most: int, *, undone: bool) -> Act:
    """Steps of the rolling up, one of which may be undone."""
    return lambda world: (undone and world.failing_turn(now), world.turns(now, most))


values = st.one_of(
    st.fixed_dictionaries({"execution_ms": figures}),
    st.fixed_dictionaries({"timestamp": moments}),
    st.fixed_dictionaries({"skill_id": names, "success": st.booleans()}),
)
acts: list[st.SearchStrategy[Act]] = [
    st.builds(store_samples, moments, names, figures, celsius, near),
    st.builds(
        store_skills, st.lists(moments, min_size=1, max_size=4), names, figures, st.none() | st.just("i")
    ),
    st.builds(some_turns, near, st.integers(1, 9), undone=st.booleans()),
    st.builds(update, moments, names, values),
    st.builds(delete, moments, names, last=st.booleans()),
    st.sampled_from([do("restart"), do("repair")]),
]


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(st.one_of(acts), min_size=8, max_size=25))
def test_rollups_are_what_all_rows_make_them(store: Store, happens: list[Act]) -> None:
    """Late rows, clocks set back, duplicates, restarts, steps undone, updates and deletes, in any order."""
    world = World(store)
    world.clear()
    for act in happens:
        act(world)
    assert world.turns()
    world.repair()
    check(world)
