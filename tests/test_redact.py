"""No password, token or key gets into the ledger by way of a command or a message."""

from __future__ import annotations

import pytest

from collector.redact import command_line, redacted, shortened


@pytest.mark.parametrize(
    "words",
    [
        ["psql", "postgresql://me:geheim@host/db"],
        ["psql", "postgresql://me:ge@heim@host/db"],
        ["tool", "--password", "geheim"],
        ["tool", "--db-password=geheim"],
        ["tool", "--api-key", "geheim"],
        ["tool", "-token", "geheim"],
        ["tool", "--pass", "geheim geheim"],
        ["env", "PGPASSWORD=geheim", "psql"],
        ["env", "AWS_SECRET_ACCESS_KEY=geheim", "MYSQL_PWD=geheim"],
        ["sh", "-c", "TOKEN='geheim geheim' run"],
        ["curl", "-H", "Authorization: Bearer geheim.geheim", "http://host/"],
        ["curl", "-u", "me:geheim", "http://host/"],
        ["curl", "http://host/?token=geheim&page=2"],
        ["mysql", "-uroot", "-pgeheim", "db"],
        ["echo", '{"api_key": "geheim"}'],
    ],
)
def test_what_looks_like_a_secret_is_masked(words: list[str]) -> None:
    """All of it."""
    assert "geheim" not in command_line(words)
    assert "***" in command_line(words)


@pytest.mark.parametrize(
    "words",
    [
        ["make", "test"],
        ["git", "log", "--author", "me"],
        ["ask", "--max-tokens", "100", "--tokenizer=bpe"],
        ["tool", "--password-file", "/run/secret"],
        ["curl", "http://host:8080/a@b"],
        ["ssh", "-p", "22", "me@host"],
    ],
)
def test_what_only_sounds_like_one_is_left(words: list[str]) -> None:
    """A ledger full of stars tells nothing."""
    assert "***" not in command_line(words)


def test_messages_of_servers_stay_readable() -> None:
    """The word password is not a password."""
    message = 'password authentication failed for user "x" (using password: NO)'
    assert redacted(message) == message


@pytest.mark.parametrize(
    "reason",
    [
        "/etc/passwd: it is not executable for this user",
        "cwd /home/me/token: there is no such file",
        "cwd ./secret: that is not a folder",
        "passwd: there is no such file",
        "there is no file /srv/secret",
        "the variable DB_PASSWORD of password_env is not set",
        "cannot read password_file: Permission denied",
        "/usr/bin/cookie: Permission denied",
    ],
)
def test_reasons_of_ours_stay_readable(reason: str) -> None:
    """A file's name may sound like a secret."""
    assert redacted(reason) == reason


def test_what_is_too_long_is_cut_with_a_mark() -> None:
    """To exactly the length that fits."""
    assert shortened("abcdef", 4) == "abc…"
    assert shortened("abcd", 4) == "abcd"
