"""Stored values as people read them."""

from __future__ import annotations

from typing import Any

import pytest

from collector.figures import figure
from collector.records.base import KINDS

NOW = 1_700_000_000_000


@pytest.mark.parametrize(
    ("kind", "column", "value", "expected"),
    [
        ("run", "wall_ms", 41_800.0, "41.8 s"),
        ("run", "max_rss_bytes", 84_200_000, "84.2 MB"),
        ("run", "frequency_mhz", 2400.0, "2.40 GHz"),
        ("run", "frequency_mhz", 800.0, "800 MHz"),
        ("run", "temperature_celsius", 97.4, "97 °C"),
        ("run", "noisy", False, "no"),
        ("run", "noisy", None, "–"),
        ("run", "rows", 1204, "1,204"),
        ("run", "id", 1204, "1204"),
        ("run", "timestamp", NOW - 1, None),
        ("inference", "inference_time", 1.8, "1.80 s"),
        ("inference", "tokens_per_second", 51.26, "51.3 /s"),
        ("inference", "memory_usage", 8123.4, "8.12 GB"),
        ("inference", "cpu_usage", 4.51, "4.5 %"),
        ("inference", "query_length", 12_000, "12,000"),
        ("disk", "read_bytes_per_s", 675_000.0, "675 KB/s"),
        ("cpu", "load_1m", 0.014, "0.014"),
        ("cpu", "load_1m", 3.0, "3.00"),
        ("cpu", "load_1m", 1204.6, "1,205"),
        ("process", "pid", 4121, "4121"),
        ("process", "cpu_percent", 140.0, "140 %"),
        ("operation", "metadata", {"a": ["ü"]}, '{"a": ["ü"]}'),
        ("operation", "metric_name", "1204", "1204"),
    ],
)
def test_a_value_is_said_in_the_unit_of_its_column(
    kind: str, column: str, value: Any, expected: str | None
) -> None:
    """Which the model states; moments are the reader's local time."""
    field = next(field for field in KINDS[kind].columns if field.column_name == column)
    said = figure(field, value, NOW)
    assert said == expected if expected is not None else said.count(":") == 2
