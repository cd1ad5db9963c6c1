"""Databases by their URL: a fault tells no part of a password, and neither does a password that fails."""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from pathlib import Path

import pytest

from collector import targets

PORT = "is not a URL: the port is no number; a password belongs into password_file or password_env"


@dataclass(frozen=True)
class Named:
    """A section that names a database."""

    database: str = "postgresql://low@/postgres"
    cwd: Path | None = None
    password_env: str | None = None
    password_file: Path | None = None


@pytest.mark.parametrize("scheme", ["postgresql", "mysql"])
@pytest.mark.parametrize(
    "rest",
    ["low:SeCr/EtPw@/postgres", "low:SeCr?EtPw@h/d", "low:SeCr#EtPw@h/d", "h:port/d", "h:99999/d",
     "low:12/EtPw@h/d", "low:12?EtPw@h/d", "low:12#EtPw@h/d"],
)  # fmt: skip
def test_half_a_password_is_no_port_and_is_not_told(scheme: str, rest: str) -> None:
    """Also where that half is a number: the rest would be taken for the name of a database, and shown."""
    assert targets.url_fault(f"{scheme}://{rest}", None) == PORT


@pytest.mark.parametrize("host", ["[::1", "SeCr]Et@h", "low:SeCr\u2100Et@h"])
def test_what_cannot_be_taken_apart_is_not_told_either(host: str) -> None:
    """Python would name all of it."""
    fault = targets.url_fault(f"postgresql://{host}/d", None)
    assert fault == "is not a URL: it must be postgresql://user@host:port/database; odd signs are written %xx"


@pytest.mark.parametrize(
    "url",
    ["postgresql://low@/postgres", "postgresql:///d?host=/run&user=a@b", "mysql://h:3306/d",
     "postgresql://me@[::1]:5432/a@b", "mysql://h/a@b", "sqlite:////home/me@work/a.db"],
)  # fmt: skip
def test_a_good_url_has_no_fault(url: str) -> None:
    """An @ is no sign of a password where none can be."""
    assert targets.url_fault(url, None) is None


def test_a_password_file_of_other_bytes_is_a_sentence(tmp_path: Path) -> None:
    """Python's own would hold the file; no part of it goes on with the error."""
    path = tmp_path / "password"
    path.write_bytes("geheim-größe".encode("latin-1"))
    path.chmod(0o600)
    with pytest.raises(targets.NoPassword, match=r"^cannot read password_file: it is not UTF-8$") as raised:
        targets.password(Named(password_file=path))
    assert "geheim" not in "".join(traceback.format_exception(raised.value))
    assert raised.value.__cause__ is None


def test_a_password_comes_from_where_the_config_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file, without the end of its line, or a variable; where neither has one it says which."""
    path = tmp_path / "password"
    path.write_text("größe \n", encoding="utf-8")
    path.chmod(0o600)
    assert targets.password(Named(password_file=path)) == "größe "
    monkeypatch.setenv("SHOP_PASSWORD", "geheim")
    assert targets.password(Named(password_env="SHOP_PASSWORD")) == "geheim"
    assert targets.password(Named()) is None
    monkeypatch.delenv("SHOP_PASSWORD")
    with pytest.raises(targets.NoPassword, match="SHOP_PASSWORD of password_env is not set"):
        targets.password(Named(password_env="SHOP_PASSWORD"))
    with pytest.raises(targets.NoPassword, match="No such file"):
        targets.password(Named(password_file=tmp_path / "none"))
