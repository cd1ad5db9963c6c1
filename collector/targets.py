"""Databases by their URL: sqlite, postgresql and mysql, and where their passwords come from."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlsplit

from collector.homes import home_expanded
from collector.registry import nearest

SCHEMES = ("sqlite", "postgresql", "mysql")
SQLITE = "sqlite:///"

# Fixed sentences: Python's own hold what stands at the wrong place, which may be a part of a password.
_NO_URL = "is not a URL: it must be {}://user@host:port/database; odd signs are written %xx"
_NO_PORT = "is not a URL: the port is no number; a password belongs into password_file or password_env"
_IN_THE_URL = "must not hold a password; name its file as password_file, or its variable as password_env"

# What drivers would take for one. Source: postgresql.org/docs/current/libpq-connect.html
_SECRET_PARAMETERS = {"password", "sslpassword", "passwd", "pass", "pwd"}

# At the beginning of a password_file: systemd's folder of credentials, systemd.exec(5).
CREDENTIALS = "CREDENTIALS_DIRECTORY"
LONGEST_PASSWORD_BYTES = 64 << 10


class Target(Protocol):
    """A section of the config that names a database; ``password_env`` and ``password_file`` are places."""

    @property
    def database(self) -> str:
        """The URL."""
        ...

    @property
    def cwd(self) -> Path | None:
        """The folder that relative paths count from."""
        ...

    @property
    def password_env(self) -> str | None:
        """The variable that holds the password."""
        ...

    @property
    def password_file(self) -> Path | None:
        """The file that holds it."""
        ...


class NoPassword(Exception):
    """The password cannot be had from where the config says."""


def faults(target: Target) -> Iterator[tuple[str, str]]:
    """What is wrong with how a database is named: (key, fault)."""
    if fault := url_fault(target.database, target.cwd):
        yield "database", fault
    if target.password_env and target.password_file:
        yield "password_file", "give only one of password_env and password_file"
    if target.password_file and (fault := file_fault(target.password_file)):
        yield "password_file", fault


def scheme(url: str) -> str:
    """``sqlite``, ``postgresql`` or ``mysql``."""
    return url.partition(":")[0]


def password(target: Target) -> str | None:
    """The password from where the config says; None where it says nothing. Raises NoPassword."""
    if target.password_file:
        try:
            return _read(_placed(target.password_file))
        except OSError as error:
            raise NoPassword(f"cannot read password_file: {error.strerror}") from error
        except UnicodeDecodeError:  # which holds all of the file
            raise NoPassword("cannot read password_file: it is not UTF-8") from None
    if target.password_env is None:
        return None
    found = os.environ.get(target.password_env)
    if found is None:
        raise NoPassword(f"the variable {target.password_env} of password_env is not set")
    return found


def _read(path: Path) -> str:
    """What a file holds that nobody else can read, looked at through the descriptor that is read from."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)  # without waiting where it is a pipe
    with open(fd, encoding="utf-8") as file:
        if fault := _readable_by_others(path, os.fstat(fd)):
            raise NoPassword(f"password_file: {fault}")
        return file.read().removesuffix("\n")


def _placed(path: Path) -> Path:
    """Where a password is; ``$CREDENTIALS_DIRECTORY/name`` is a credential that systemd handed to us.

    The loader of the config has put the config's folder before it. Raises NoPassword.
    """
    if f"${CREDENTIALS}" not in path.parts:
        return path
    folder = os.environ.get(CREDENTIALS)
    if not folder:
        raise NoPassword(f"${CREDENTIALS} of password_file is not set; LoadCredential= of a unit sets it")
    return Path(folder, *path.parts[path.parts.index(f"${CREDENTIALS}") + 1 :])


def without_secrets(text: str, url: str, given: str | None) -> str:
    """``text`` without the password of the URL and the one that was given."""
    for secret in {given, unquote(urlsplit(url).password or "")} - {None, ""}:
        text = text.replace(str(secret), "***")
    return text


def child_url(url: str, cwd: Path | None) -> str:
    """The URL as the child that talks to the database takes it: a file by its absolute path."""
    path = sqlite_path(url, cwd)
    return f"sqlite:{quote(str(path))}" if path else url


def sqlite_path(url: str, cwd: Path | None) -> Path | None:
    """The file that a sqlite URL names, or None where it names none that can be found."""
    if not url.startswith(SQLITE) or url == SQLITE:
        return None
    path = home_expanded(Path(url.removeprefix(SQLITE)))
    if str(path).startswith("~"):  # there is no such user
        return None
    return path if path.is_absolute() else cwd / path if cwd else None


def url_fault(url: str, cwd: Path | None) -> str | None:
    """What is wrong with a database URL, in words."""
    kind, mark, _ = url.partition("://")
    if not mark or kind not in SCHEMES:
        hint = nearest(kind, SCHEMES) if mark else ""
        return f"must begin with sqlite:///, postgresql:// or mysql://{hint}"
    if kind == "sqlite" and sqlite_path(url, cwd) is None:
        return "must be sqlite:////absolute/path, sqlite:///~/path, or a path from cwd where that is given"
    return None if kind == "sqlite" else _server_fault(url)


def _server_fault(url: str) -> str | None:
    """What is wrong with the URL of a server, in words; no part of it is among them."""
    try:
        found = urlsplit(url)
    except ValueError:
        return _NO_URL.format(scheme(url))
    try:
        found.port  # noqa: B018  # asking is what checks it
    except ValueError:
        return _NO_PORT
    # The half may happen to be a number; the @ behind it tells, unless it belongs to a value (user=a@b).
    is_torn = ":" in found.netloc and "@" not in found.netloc and "@" in url.partition("=")[0]
    if is_torn:
        return _NO_PORT
    return _IN_THE_URL if _holds_secret(found) else None


def _holds_secret(url: SplitResult) -> bool:
    """Whether a password stands in a URL, where every list of processes and every copy would show it."""
    return bool(url.password) or any(name.lower() in _SECRET_PARAMETERS for name, _ in parse_qsl(url.query))


def file_fault(path: Path) -> str | None:
    """What is wrong with a file that holds a password, in words.

    Nothing of a credential where systemd has handed none to this process: its unit may have it.
    """
    try:
        place = _placed(path)
        return _readable_by_others(place, place.stat())
    except NoPassword:
        return None
    except OSError as error:
        return error.strerror or str(error)


def _readable_by_others(path: Path, info: os.stat_result) -> str | None:
    if not stat.S_ISREG(info.st_mode):
        return "is not a file"
    if info.st_size > LONGEST_PASSWORD_BYTES:
        return f"holds more than {LONGEST_PASSWORD_BYTES} bytes, which is no password"
    # systemd gives a credential to our user by an access list, which shows as a right of the group.
    folder = os.environ.get(CREDENTIALS)
    forbidden = 0o007 if folder and path.is_relative_to(folder) else 0o077
    return f"others can read it; run `chmod 600 {path}`" if info.st_mode & forbidden else None
