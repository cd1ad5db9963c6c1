"""What the daemon's process must never load, seen from a fresh interpreter."""

from __future__ import annotations

import subprocess
import sys

import pytest

from collector.lean import without
from collector.sqlite import sqlite3

NEVER = ("rich", "click", "psycopg", "psycopg2", "pymysql", "MySQLdb", "ssl", "_ssl", "_hashlib")


def loaded_by(*statements: str) -> set[str]:
    """The modules in memory after ``statements`` ran in a new interpreter."""
    code = "\n".join([*statements, "import sys", "print(*sys.modules)"])
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30
    )
    return set(done.stdout.split())


def test_the_log_and_the_models_load_no_driver_no_terminal_and_no_openssl() -> None:
    """Each would cost megabytes for ever; they are optional to the libraries that look for them."""
    loaded = loaded_by("import collector.log, collector.orm")
    assert {"peewee", "structlog"} <= loaded
    assert loaded & {*NEVER} == set()


@pytest.mark.skipif(
    not sqlite3.__name__.startswith("pysqlite3"), reason="no wheel of pysqlite3 for this machine"
)
def test_only_one_sqlite_is_loaded() -> None:
    """Two on one file in one process corrupt it; Peewee would take whichever is newer."""
    loaded = loaded_by("import collector.orm")
    assert loaded & {"sqlite3", "_sqlite3", "sqlite3.dbapi2"} == set()
    assert loaded_by("import collector.orm as o", "assert o.peewee.sqlite3 is o.sqlite3") >= {"pysqlite3"}


@pytest.mark.parametrize(
    "statement",
    [
        "import ssl; ssl.create_default_context()",
        "import http.client; http.client.HTTPSConnection",
        "import urllib.request; urllib.request.HTTPSHandler",
        "import hashlib; hashlib.blake2b(digest_size=8); hashlib.sha256(b'x').hexdigest()",
        "import hmac; hmac.new(b'k', b'm', 'sha256').hexdigest()",
        "import uuid; uuid.uuid5(uuid.NAMESPACE_DNS, 'x')",
        "import rich.table",
        "import psycopg, pymysql",
    ],
)
def test_what_was_left_out_can_still_be_used_afterwards(statement: str) -> None:
    """A workload that talks https, or a command that prints a table, imports it as ever."""
    assert loaded_by("import collector.log, collector.orm", statement)


def test_without_hides_a_module_only_inside_its_block() -> None:
    """And only one that is not loaded yet."""
    sys.modules.pop("colorsys", None)
    with without("colorsys", "json"):
        import json

        assert json.dumps(1) == "1"
        with pytest.raises(ImportError):
            import colorsys  # noqa: F401
    import colorsys as afterwards

    assert afterwards.rgb_to_hsv(0, 0, 0) == (0.0, 0.0, 0)


def test_without_cleans_up_after_a_failure() -> None:
    """A library that cannot be imported at all does not leave the others hidden."""
    sys.modules.pop("colorsys", None)
    with pytest.raises(ModuleNotFoundError), without("colorsys"):
        import no_such_module_anywhere  # type: ignore[import-not-found]  # noqa: F401
    assert "colorsys" not in sys.modules
