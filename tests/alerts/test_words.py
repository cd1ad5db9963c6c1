"""The words of on_alert: places are filled in, and nothing from outside becomes an option."""

from __future__ import annotations

import pytest

from collector.alerts.words import filled

ALERT = {"sentence": "a is failing: 2 runs", "subject": "a", "to_state": "failing"}


def test_places_are_filled_in_within_their_words() -> None:
    """No shell: a sentence stays one argument."""
    argv = ["notify-send", "--urgency=critical", "collector: {state}", "{sentence}", "{subject}{other}"]
    assert filled(argv, ALERT) == [
        "notify-send",
        "--urgency=critical",
        "collector: failing",
        "a is failing: 2 runs",
        "a{other}",
    ]


def test_the_program_itself_is_never_filled_in() -> None:
    """Which one runs is the config's to say."""
    assert filled(["{subject}"], {**ALERT, "subject": "reboot"}) == ["{subject}"]


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("{subject}", " --help"),
        ("--body={subject}", "--body=--help"),
        ("-{subject}", "---help"),
        ("of {subject}", "of --help"),
    ],
)
def test_a_name_does_not_become_an_option(word: str, expected: str) -> None:
    """Unless the config began one."""
    assert filled(["x", word], {**ALERT, "subject": "--help"}) == ["x", expected]


def test_what_is_filled_in_is_not_filled_in_again() -> None:
    """A subject may be called like a place."""
    assert filled(["x", "{subject} {state}"], {**ALERT, "subject": "{state}"}) == ["x", "{state} failing"]


def test_nothing_unprintable_gets_into_a_word() -> None:
    """NUL, escapes of terminals, ends of lines, and what turns the direction of text."""
    subject = "a\0b\x1b[31m\n\u202ec\u2028\ud800ä"
    assert filled(["x", "{subject}"], {**ALERT, "subject": subject}) == ["x", "a b [31m  c  ä"]
