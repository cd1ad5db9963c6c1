"""Quantities as people write and read them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.units import Duration, Size, ago, duration, long_span, percent, size, span


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("100ms", 0.1), ("250us", 0.00025), ("5s", 5.0), ("1.5s", 1.5), ("30m", 1800.0), ("1h30m", 5400.0),
        ("1 h 30 m", 5400.0), ("7d", 604800.0), ("2w", 1209600.0), ("  5s ", 5.0), ("1d12h", 129600.0),
    ],
)  # fmt: skip
def test_a_length_of_time_is_read_as_people_write_it(text: str, seconds: float) -> None:
    """One or more numbers, each with its unit."""
    assert Duration.parse(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text", ["", " ", "5", "s", "-5s", "5 seconds", "5S", "1e3s", "5s!", "1h-30m", "5m s", "1 0s", "٥s"]
)
def test_what_is_no_length_of_time_is_refused_with_what_is_allowed(text: str) -> None:
    """The message names examples."""
    with pytest.raises(ValueError, match=r"not a length of time such as 100ms, 5s"):
        Duration.parse(text)


@pytest.mark.parametrize("value", [5, 5.0, True, None, ["5s"], {}])
def test_a_length_of_time_without_quotes_is_told_so(value: object) -> None:
    """TOML has no lengths of time, so a bare number is the likely slip."""
    with pytest.raises(ValueError, match="in quotes"):
        Duration.parse(value)


@pytest.mark.parametrize("text", ["0s", "0h0m", "0.0000001us"])
def test_a_length_of_time_is_longer_than_zero(text: str) -> None:
    """No interval and no timeout can be nothing."""
    with pytest.raises(ValueError, match="must be longer than zero"):
        Duration.parse(text)


@pytest.mark.parametrize("text", ["9" * 400 + "s", "99999999999w", "11000d"])
def test_a_length_of_time_that_no_timer_can_hold_is_refused(text: str) -> None:
    """Infinity would only fail later, in the scheduler."""
    with pytest.raises(ValueError, match="must not be longer than ten years"):
        Duration.parse(text)


@given(st.text())
def test_any_text_is_a_length_of_time_or_a_value_error(text: str) -> None:
    """Nothing else comes out."""
    try:
        parsed = Duration.parse(text)
    except ValueError:
        return
    assert 0 < parsed < float("inf")


@given(st.floats(0.001, 3e8))
def test_what_is_written_can_be_read_again(seconds: float) -> None:
    """`collector check` shows intervals in words that a config may hold, to the millisecond."""
    assert Duration.parse(str(Duration(seconds))) == pytest.approx(seconds, rel=1e-5, abs=5.1e-4)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.1, "100ms"),
        (0.0005, "0.5ms"),
        (1, "1s"),
        (90, "1m30s"),
        (5400, "1h30m"),
        (604800, "1w"),
        (1.1 * 3600, "1h6m"),
    ],
)
def test_a_setting_is_shown_as_the_config_writes_it(seconds: float, text: str) -> None:
    """Without the dust of binary fractions."""
    assert span(seconds) == text


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("0B", 0),
        ("512B", 512),
        ("64KiB", 65536),
        ("500MB", 500_000_000),
        ("1.5 GB", 1_500_000_000),
        ("2GiB", 2 << 30),
    ],
)
def test_a_size_is_read_as_people_write_it(text: str, count: int) -> None:
    """Decimal and binary units are told apart."""
    assert Size.parse(text) == count


@pytest.mark.parametrize(
    "value", ["", "64", "64 kb", "-1B", "1TB", "1e3B", 64, None, "9" * 400 + "MB", "9999999999GB"]
)
def test_what_is_no_size_is_refused(value: object) -> None:
    """An absurd one too, as a ValueError like the others."""
    with pytest.raises(ValueError, match=r"not a size|must not be larger"):
        Size.parse(value)


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (None, "–"), (0, "0 ms"), (0.0042, "4.2 µs"), (0.31, "0.31 ms"), (0.99949, "1.00 ms"),
        (0.9996, "1.00 ms"), (9.994, "9.99 ms"), (41.8, "41.8 ms"), (999.4, "999 ms"), (999.5, "1.00 s"),
        (41_800, "41.8 s"),
        (119_400, "119 s"), (119_500, "1 m 59 s"), (4_320_000, "1 h 12 m"),
    ],
)  # fmt: skip
def test_a_measured_time_has_three_figures_and_the_unit_that_fits(ms: float | None, text: str) -> None:
    """From microseconds to hours, without a jump at the seams."""
    assert duration(ms) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (0.9, "0 s"),
        (12, "12 s"),
        (60, "1 m"),
        (3599, "59 m 59 s"),
        (22_320, "6 h 12 m"),
        (273_600, "3 d 4 h"),
        (86_430, "1 d"),
    ],
)
def test_an_age_has_at_most_two_units(seconds: float, text: str) -> None:
    """The smaller of the two is left out when it is nothing."""
    assert long_span(seconds) == text


@pytest.mark.parametrize(("ms", "text"), [(1500, "1.5 s ago"), (65_000, "1 m 5 s ago"), (-5000, "in 5 s")])
def test_ago_tells_the_past_from_the_future(ms: float, text: str) -> None:
    """A clock that was set can put a row into the future."""
    assert ago(ms) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [(None, "–"), (0, "0 B"), (999, "999 B"), (1000, "1.00 KB"), (84_200_000, "84.2 MB"), (999_499, "999 KB"),
     (999_500, "1.00 MB"), (1_500_000_000, "1.50 GB"), (2_000_000_000_000, "2.00 TB")],
)  # fmt: skip
def test_bytes_are_shown_in_the_decimal_unit_that_fits(count: float | None, text: str) -> None:
    """Three figures, as for times."""
    assert size(count) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (0, "0 %"),
        (0.084, "0.08 %"),
        (0.00001, "0.00 %"),
        (3.14159, "3.1 %"),
        (5.0, "5.0 %"),
        (9.96, "10 %"),
        (41.8, "42 %"),
        (-50.0, "-50 %"),
    ],
)
def test_a_share_is_finer_where_it_is_small(value: float | None, text: str) -> None:
    """And never an exponent."""
    assert percent(value) == text
