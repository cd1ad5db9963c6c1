"""Values reach SQL as bound parameters only: what is put into its text is a name, a mark or a number of ours.

Every f-string, %, + and .format of the package that makes SQL is found, and each part that it inserts must
be a constant or stand in `SAFE` with the reason. A new one fails here until somebody has looked at it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import collector
from collector.commands import main
from collector.store.database import open_writer
from tests.intake.made import complete
from tests.intake.served import Served
from tests.security.safe_sql import SAFE

ROOT = Path(collector.__file__).parent

# Words that stand in SQL and, in capitals, hardly anywhere else.
_SQL = re.compile(
    r"\b(?:SELECT|INSERT|UPDATE|DELETE|FROM|WHERE|JOIN|ORDER BY|GROUP BY|LIMIT|VALUES|PRAGMA|CREATE|DROP"
    r"|ALTER|ATTACH|EXPLAIN|ANALYZE"
    r"|BETWEEN|HAVING|UNION|EXISTS|AND|OR|NULL|COLLATE|SET|IN)\b|(?:[<>=]|IN) \(?\?"
)
# The same in a source that nobody has taken apart yet, where an escape may stand in front: most hold none.
_MAYBE_SQL = re.compile(_SQL.pattern.replace(r"\b(?:", "(?<![A-Z])(?:", 1).replace(r")\b|", ")(?![A-Z])|", 1))
_CONSTANT = re.compile(r"(?:\w+\.)?_?[A-Z][A-Z0-9_]*(?: [-+*/] \d+)?|\d+")


def literal(node: ast.expr) -> str:
    """What is fixed of a text."""
    if isinstance(node, ast.JoinedStr):
        return "\0".join(literal(part) if isinstance(part, ast.Constant) else "" for part in node.values)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def inserted(node: ast.AST) -> list[ast.expr]:
    """What is put into SQL here; nothing where this makes none."""
    if isinstance(node, ast.JoinedStr) and _SQL.search(literal(node)):
        return [part.value for part in node.values if isinstance(part, ast.FormattedValue)]
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Mod, ast.Add)):
        ends = ((node.left, node.right), (node.right, node.left))
        return [other for one, other in ends if _SQL.search(literal(one)) and not literal(other)]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        is_made = node.func.attr in ("format", "format_map", "join") and _SQL.search(literal(node.func.value))
        return [*node.args, *(keyword.value for keyword in node.keywords)] if is_made else []
    return []


def found(source: str) -> Iterator[tuple[int, str]]:
    """Where something that is no constant goes into SQL: (line, expression)."""
    if not _MAYBE_SQL.search(source):
        return
    for node in ast.walk(ast.parse(source)):
        for part in inserted(node):
            expression = ast.unparse(part)
            if not _CONSTANT.fullmatch(expression):
                yield part.lineno, expression


@pytest.fixture(scope="module")
def places() -> dict[str, dict[str, int]]:
    """By file: each expression that goes into SQL, and one line where it does."""
    made = {}
    for path in sorted(ROOT.rglob("*.py")):
        at = {expression: line for line, expression in found(path.read_text(encoding="utf-8"))}
        made |= {str(path.relative_to(ROOT)): at} if at else {}
    return made


def known(file: str) -> set[str]:
    """The expressions of a file that somebody has looked at."""
    return set().union(*SAFE.get(file, {}).values())


def test_nothing_goes_into_sql_that_nobody_has_looked_at(places: dict[str, dict[str, int]]) -> None:
    """Where this fails: bind it as a parameter, or say in `SAFE` why it cannot hold what others wrote."""
    new = [
        f"{file}:{line}: {expression}"
        for file, at in places.items()
        for expression, line in at.items()
        if expression not in known(file)
    ]
    assert new == []


def test_the_list_holds_nothing_that_is_gone(places: dict[str, dict[str, int]]) -> None:
    """An entry without its place would let the next one through unseen."""
    gone = [(file, name) for file in SAFE for name in sorted(known(file) - places.get(file, {}).keys())]
    assert gone == []


@pytest.mark.parametrize(
    "source",
    [
        "execute(f\"SELECT * FROM t WHERE name = '{name}'\")",
        "execute(\"SELECT * FROM t WHERE name = '%s'\" % name)",
        "execute(\"SELECT * FROM t WHERE name = '{}'\".format(name))",
        'execute("SELECT * FROM t WHERE name = " + name)',
        'execute(name + " ORDER BY 1")',
        'sql = f"{name} LIMIT 1"',
        '" AND ".join(name)',
        'f"x{1}" f"DELETE FROM {name}"',
        'f"\\nSELECT {name}"',
    ],
)
def test_a_new_one_is_found(source: str) -> None:
    """However it is put together."""
    assert [expression for _, expression in found(source)] == ["name"]


@pytest.mark.parametrize(
    "source", ['f"SELECT * FROM {TABLE}"', '"SELECT 1 " + "FROM t"', 'f"one {name} of two"']
)
def test_constants_and_plain_texts_are_no_fault(source: str) -> None:
    """Only SQL is looked at, and of it only what may change."""
    assert [*found(source)] == []


HOSTILE = ["'; DROP TABLE skill_metrics; --", '"; --', "' OR '1'='1", "%_?:a@b$1", "\\'", "?1"]


def test_values_that_read_as_sql_are_stored_as_they_are(tmp_path: Path) -> None:
    """They are data, in texts and in documents."""
    served = Served(tmp_path)
    try:
        for text in HOSTILE:
            named = complete("operation", metric_name=text, metadata={text: text})
            assert served.ask([complete("skill", skill_id=text), named])["committed"] == 2
        skills = served.rows("SELECT skill_id FROM skill_metrics ORDER BY rowid")
        operations = served.rows("SELECT metric_name FROM operation_metrics ORDER BY rowid")
    finally:
        served.stop()
    assert skills == operations == [(text,) for text in HOSTILE]


def test_columns_that_read_as_sql_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A name that cannot be bound must be one of the kind's."""
    config = tmp_path / "c.toml"
    config.write_text(f'[collector]\ndatabase = "{tmp_path}/c.db"\n', encoding="utf-8")
    open_writer(tmp_path / "c.db").close()
    for text in HOSTILE:
        assert main(["show", "skill", f"--{text}=1", "--config", str(config)]) == 2
        assert "skill has no option" in capsys.readouterr().err
