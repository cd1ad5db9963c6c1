"""The log: three styles, nothing raw in any of them, and complaints that fold."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector import log
from collector.log import Folded, get_logger, printable

Events = Callable[[], list[dict[str, Any]]]
NASTY = "\x1b[2J\x07\r\n\x9b31m\u202eexe\u2066\u2028\ud800"
RAW = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    yield
    log.configure("debug", style="json", stream=io.StringIO())


def said(style: str, say: Callable[[Any], object], level: str = "debug") -> str:
    """What one call writes in that style."""
    out = io.StringIO()
    log.configure(level, style=style, stream=out)
    say(get_logger("writer"))
    return out.getvalue()


def test_json_is_one_document_a_line_with_time_level_component_and_fields() -> None:
    """The form for whoever reads it by program."""
    line = said("json", lambda logger: logger.warning("query.slow", duration_ms=812, name="open-orders"))
    assert line.count("\n") == 1
    event = json.loads(line)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", event.pop("timestamp"))
    assert event == {
        "event": "query.slow", "level": "warning", "component": "writer",
        "duration_ms": 812, "name": "open-orders",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("level", "priority"), [("debug", 7), ("info", 6), ("warning", 4), ("error", 3), ("critical", 2)]
)
def test_a_journal_line_begins_with_its_priority(level: str, priority: int) -> None:
    """systemd reads it off and colours by it; the rest is JSON."""
    line = said("journal", lambda logger: getattr(logger, level)("writer.stuck"))
    assert line.startswith(f"<{priority}>{{")
    assert json.loads(line.removeprefix(f"<{priority}>"))["event"] == "writer.stuck"


def test_the_console_shows_a_line_without_component_and_without_colour_off_a_terminal() -> None:
    """Colour is for terminals only."""
    line = said("console", lambda logger: logger.info("samples.committed", count=12))
    assert re.fullmatch(r"\d\d:\d\d:\d\d \[info     \] samples\.committed +count=12\n", line)


def test_what_lies_below_the_level_is_not_said() -> None:
    """``level`` is the setting of that name."""
    assert said("json", lambda logger: logger.info("samples.committed"), level="warning") == ""
    assert said("json", lambda logger: logger.warning("query.slow"), level="warning") != ""


def test_without_a_style_json_goes_to_whatever_is_no_terminal() -> None:
    """A pipe, a file."""
    assert json.loads(said("auto", lambda logger: logger.info("recorder.ready")))["event"] == "recorder.ready"


@pytest.mark.parametrize("style", ["console", "json", "journal"])
@pytest.mark.parametrize(
    "say",
    [
        lambda logger: logger.warning("workload.failed", text=NASTY),
        lambda logger: logger.warning(NASTY),
        lambda logger: logger.warning("workload.failed", fields=[NASTY], error=ValueError(NASTY)),
    ],
)
def test_no_control_or_bidirectional_character_gets_through_raw(
    style: str, say: Callable[[Any], object]
) -> None:
    """User text can neither move the cursor nor make a line read as another."""
    line = said(style, say)
    assert RAW.findall(line) == []
    assert line.count("\n") == 1


@pytest.mark.parametrize("style", ["console", "json"])
def test_an_exception_is_told_with_its_stack_and_nothing_raw_in_it(style: str) -> None:
    """In every style; JSON would else say only that there was one."""

    def say(logger: Any) -> None:
        try:
            int(NASTY)
        except ValueError:
            logger.exception("writer.broken")

    line = said(style, say)
    assert "Traceback (most recent call last)" in line
    assert "ValueError" in line
    assert RAW.findall(line) == []


@given(st.text())
def test_printable_text_reads_as_it_was_where_it_was_harmless(text: str) -> None:
    """Only what is unprintable is written out."""
    shown = printable(text)
    assert RAW.findall(shown) == []
    assert "\n" not in shown
    assert printable(shown) == shown
    if not RAW.search(text) and "\n" not in text:
        assert shown == text


def test_printable_keeps_letters_of_every_script() -> None:
    """An escape is for what cannot be seen, not for what is foreign."""
    assert printable("Größe 84 µs ≥ 日本 \x1b[0m") == "Größe 84 µs ≥ 日本 \\x1b[0m"


def test_a_log_that_cannot_be_written_fails_nobody() -> None:
    """It may stand on the same full disk as the database."""
    with open("/dev/full", "wb", buffering=0) as full:
        log.configure("info", style="json", stream=io.TextIOWrapper(full, write_through=True))
        for _ in range(3):
            get_logger("writer").warning("writer.stuck")


class Flaky(io.StringIO):
    """A stream whose reader comes and goes."""

    broken = False

    def write(self, text: str) -> int:
        """Take the line, or fail."""
        if self.broken:
            raise BrokenPipeError(32, "Broken pipe")
        return super().write(text)


def test_lost_lines_are_counted_on_the_next_one_that_gets_through() -> None:
    """Nothing is lost in silence."""
    stream = Flaky()
    log.configure("info", style="json", stream=stream)
    logger = get_logger("writer")
    stream.broken = True
    for _ in range(3):
        logger.info("samples.committed")
    stream.broken = False
    logger.info("samples.committed")
    logger.info("samples.committed")
    assert [json.loads(line).get("lost_lines") for line in stream.getvalue().splitlines()] == [3, None]


def folded() -> Folded:
    """A complaint of the writer's."""
    return Folded(get_logger("writer"), "writer.stuck")


def test_a_complaint_is_made_at_once(events: Events) -> None:
    """The first one is news."""
    folded().happened(100.0, reason="the disk is full")
    (event,) = events()
    assert (event["event"], event["level"], event["reason"]) == (
        "writer.stuck",
        "warning",
        "the disk is full",
    )
    assert "count" not in event


def test_a_repeated_complaint_is_made_every_thirty_seconds_with_its_count(events: Events) -> None:
    """The count is that of the complaints since the last line, this one included."""
    complaint = folded()
    for second in range(61):
        complaint.happened(100.0 + second)
    assert [event.get("count") for event in events()] == [None, 30, 30]


def test_recovery_is_told_with_the_whole_count(events: Events) -> None:
    """So the end of a trouble is in the log as well as its beginning."""
    complaint = folded()
    for second in range(5):
        complaint.happened(100.0 + second)
    complaint.over(took_s=4)
    last = events()[-1]
    assert (last["event"], last["level"], last["count"], last["took_s"]) == (
        "writer.stuck.over",
        "info",
        5,
        4,
    )


def test_recovery_from_nothing_is_not_told(events: Events) -> None:
    """And after a recovery the next complaint is news again."""
    complaint = folded()
    complaint.over()
    complaint.happened(100.0)
    complaint.over()
    complaint.over()
    complaint.happened(101.0)
    assert [event["event"] for event in events()] == ["writer.stuck", "writer.stuck.over", "writer.stuck"]
