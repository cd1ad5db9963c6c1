"""What holds for any series."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.answers.detection import find
from tests.answers.detection.made import noisy, stepped

LEVELS = st.lists(
    st.tuples(st.integers(1, 25), st.sampled_from([0.5, 0.8, 1.0, 1.1, 2.0, 10.0])), min_size=1, max_size=5
)


@st.composite
def series(draw: st.DrawFn) -> list[float]:
    """Noise on a few levels, some of them too short to count."""
    levels = draw(LEVELS)
    noise = noisy(draw(st.integers(0, 1000)), sum(count for count, _ in levels), outliers=0.1)
    factors = [factor for count, factor in levels for _ in range(count)]
    return [value * factor for value, factor in zip(noise, factors, strict=True)]


@settings(deadline=None, max_examples=60)
@given(series(), st.sampled_from([1e-6, 0.25, 1024.0]))
def test_the_unit_of_the_values_does_not_matter(values: list[float], unit: float) -> None:
    """Only the levels are in it."""
    plain, scaled = find(values), find([value * unit for value in values])
    assert [s.index for s in plain.steps] == [s.index for s in scaled.steps]
    assert [s.ratio for s in plain.steps] == pytest.approx([s.ratio for s in scaled.steps])
    assert [s.after.median * unit for s in plain.steps] == pytest.approx(
        [s.after.median for s in scaled.steps]
    )


@settings(deadline=None, max_examples=60)
@given(series())
def test_speeds_have_the_steps_of_the_times(values: list[float]) -> None:
    """Mirrored: what is slower in one is faster in the other, at the same run."""
    times, speeds = find(values), find([1 / value for value in values])
    assert [s.index for s in times.steps] == [s.index for s in speeds.steps]
    assert [s.ratio for s in times.steps] == pytest.approx([1 / s.ratio for s in speeds.steps])
    assert times.verdict == speeds.verdict


@settings(deadline=None, max_examples=60)
@given(st.lists(st.floats(0, 1e12), max_size=80) | series())
def test_steps_are_in_order_and_never_too_close(values: list[float]) -> None:
    """Segments cover the series, have four runs at least, and each step is the border of two."""
    found = find(values)
    assert [start for start, _ in found.segments[1:]] == [step.index for step in found.steps]
    assert [start for start, _ in found.segments[1:]] == [end for _, end in found.segments[:-1]]
    borders = [0, *(step.index for step in found.steps), len(values)]
    assert not found.steps or min(b - a for a, b in pairwise(borders)) >= 4
    for step in found.steps:
        assert step.low <= step.ratio <= step.high
        assert max(step.ratio, 1 / step.ratio) >= 1.03
    assert bool(found.steps) == (found.verdict == "steps")


def test_rates_on_seeded_noise_are_as_they_should_be() -> None:
    """Few series with wide bounds; `benchmarks/changes.py` has the figures."""
    quiet = [find(noisy(seed, 150)) for seed in range(40)]
    slower = [find(stepped(noisy(seed, 150), 1.2, 75)) for seed in range(25)]
    faster = [find(stepped(noisy(seed, 150), 1 / 1.2, 75)) for seed in range(25)]
    assert sum(bool(found.steps) for found in quiet) <= 3
    for found in (slower, faster):
        assert sum(any(abs(step.index - 75) <= 12 for step in one.steps) for one in found) >= 23
