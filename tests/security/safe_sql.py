"""Every part that goes into the text of SQL, by file and by why it may; `test_bound_parameters` holds it."""

from __future__ import annotations

NAMES = "tables, columns and words (DESC, <, wal) of ours, never of a record, a config or a command line"
TEXTS = "a piece of SQL that was made of such names, of marks and of nothing else"
MARKS = "as many ? or NULL as there are values"
QUOTED = "a name out of a schema that is being looked at, its quotes doubled"
NUMBER = "a number that was computed here"
WHOLE = "the user's own statement, which is what is to be run; its database lets it only read"
NO_SQL = "a sentence or a pattern: it is sent to no database"

SAFE: dict[str, dict[str, set[str]]] = {
    "answers/causes/gather.py": {TEXTS: {"order"}},
    "answers/kept.py": {NAMES: {"moment", "table"}},
    "answers/looked_at.py": {NAMES: {"table"}},
    "answers/points.py": {
        NAMES: {"table"},
        TEXTS: {"beside", "columns", "first", "rows.beside", "rows.commit", "rows.good", "rows.noisy",
            "rows.source", "rows.value", "second"},
    },
    "answers/rolled_window.py": {NAMES: {"moment", "source.place"}, TEXTS: {"where"}},
    "answers/rows.py": {
        NAMES: {"', '.join(order)", "belongs", "column", "direction", "kind.moment", "kind.table",
            "meta.table_name", "number"},
        TEXTS: {"_select(kind)", "_select(kind, among='groups CROSS JOIN ')", "among", "first", "inner",
            "names", "order", "sql", "where_sql(conditions)"},
    },
    "answers/runs.py": {TEXTS: {"' AND '.join(wanted)", "names", "newest", "wanted", "where"}},
    "answers/slow.py": {NAMES: {"digests.by_key(SLOW)", "table"}, TEXTS: {"columns"}},
    "answers/soundness.py": {QUOTED: {"quoted"}},
    "answers/status.py": {NAMES: {"column", "table"}},
    "answers/storage.py": {QUOTED: {"quoted"}},
    "answers/subjects.py": {NAMES: {"column", "table"}},
    "answers/taken.py": {
        NAMES: {"kind.name", "kind.table", "kind.value"},
        TEXTS: {"kind.where", "thinned", "where"},
    },
    "answers/topics.py": {MARKS: {"marks"}, NAMES: {"key", "table"}},
    "answers/usual/around.py": {NAMES: {"column", "table"}},
    "answers/usual/during.py": {NAMES: {"sampled.table", "table"}, TEXTS: {"columns", "device", "group"}},
    "answers/wanted.py": {
        NAMES: {"wanted.kind.table"},
        TEXTS: {"' AND '.join(conditions)", "conditions", "inner", "where_sql(conditions)"},
    },
    "api/rows.py": {NAMES: {"where.kind.table"}, TEXTS: {"condition", "names", "order"}},
    "cli/compare/_files.py": {NAMES: {"table"}},
    "pools/pool_child/postgresql.py": {NUMBER: {"max(1, round(timeout * 1000))"}},
    "records/inference.py": {NAMES: {"column", "table"}},
    "records/insertion.py": {
        MARKS: {"marks", "values"},
        NAMES: {"', '.join(into)", "', '.join(names)", "key", "self._table"},
        TEXTS: {"self._conflict(names)", "sent", "stored"},
    },
    "store/backup/copying.py": {NAMES: {"check", "journal", "name"}, QUOTED: {"_quoted(name)"}},
    "store/changes.py": {
        NAMES: {"name", "number", "step.where.kind.table", "where.kind.table"},
        TEXTS: {"(term for term, _ in terms)", "condition", "inner", "into"},
    },
    "store/digests.py": {
        NAMES: {"topic.moment", "topic.table"},
        TEXTS: {"', '.join(topic.keys)", "_figures(topic)", "by_key(topic)", "keys",
            "sketch.bucket_sql(topic.value)", "topic.source", "topic.value", "topic.where"},
    },
    "store/downgrade.py": {NAMES: {"table"}},
    "store/found.py": {MARKS: {"marks"}, NAMES: {"', '.join(written)", "name"}, TEXTS: {"columns"}},
    "store/migrations/0001_recorder.py": {NAMES: {"table"}},
    "store/migrations/0002_reported.py": {NAMES: {"table"}},
    "store/migrations/0003_slow.py": {NAMES: {"table"}},
    "store/migrations/0004_answers.py": {NAMES: {"table"}},
    "store/recovery/again.py": {
        NAMES: {"moment", "source.place"},
        TEXTS: {"before", "hour", "source.tables", "tables"},
    },
    "store/recovery/opening.py": {NAMES: {"pragma"}},
    "store/recovery/reading.py": {
        NAMES: {"column", "how", "walk.table"},
        NUMBER: {"most"},
        TEXTS: {"names(walk.columns)", "sql"},
    },
    "store/recovery/roots.py": {  # the names are those of a schema that we have made, not of the damaged file
        MARKS: {"marks"},
        NAMES: {"item.name"},
        TEXTS: {"names([name for name, _ in columns])"},
    },
    "store/recovery/spans.py": {
        NAMES: {"walk.table"},
        TEXTS: {"' AND '.join(where) or 1", "names(columns)", "order", "where"},
    },
    "store/recovery/taking.py": {MARKS: {"marks"}, NAMES: {"walk.table"}, TEXTS: {"names"}},
    "store/replacing.py": {
        MARKS: {"', '.join(('?' for _ in names))"},
        NAMES: {"', '.join(names)", "key", "table"},
        TEXTS: {"within"},
    },
    "store/retention/rows.py": {
        NAMES: {"(f'{name} = ?' for name in self._key.split(', '))", "name", "self._key", "self._moment",
            "self._table"},
        TEXTS: {"found", "same"},
    },
    "store/retention/rules.py": {NAMES: {"part.key", "part.table", "self.kind.table"}},
    "store/retention/shrink.py": {NO_SQL: {"path"}, NUMBER: {"count"}},
    "store/retention/wal.py": {NAMES: {"name"}, NUMBER: {"before", "log_bytes", "value"}},
    "store/rollups/reach.py": {NAMES: {"moment", "source.kind.table", "source.moment", "table"}},
    "store/rollups/sources.py": {
        NAMES: {"name", "own", "self._joined", "self._owner", "self.key[0]", "self.moment", "self.place"},
        TEXTS: {"', '.join((self.place, self.moment, *self.key, *wanted))", "tables", "where"},
    },
    "store/rollups/stale.py": {
        NAMES: {"key", "source.kind.table", "table"},
        TEXTS: {"condition", "hour", "where"},
    },
    "store/seen.py": {MARKS: {"marks"}, NAMES: {"table"}},
    "store/summaries.py": {NAMES: {"column", "sign"}, TEXTS: {"slow.sql()", "where"}},
    "store/taskboard.py": {TEXTS: {"_ms('created_at')", "_ms('updated_at')"}},
    "store/topics.py": {NAMES: {"column", "table"}},
    "workloads/sql_child/mysql.py": {
        NUMBER: {"deadline.left_ms", "deadline.left_ms / 1000"},
        WHOLE: {"self._job.query"},
    },
    "workloads/sql_child/postgresql.py": {
        MARKS: {"', '.join(['NULL'] * self._job.values)"},
        NUMBER: {"deadline.left_ms", "limit"},
        WHOLE: {"self._job.query"},
    },
    "workloads/sql_child/sqlite.py": {NO_SQL: {"first"}, QUOTED: {"quoted"}, WHOLE: {"self._job.query"}},
    "workloads/sql_child/sqlite_stats.py": {NAMES: {"name"}, QUOTED: {"quoted"}},
    "workloads/taskboard/fill.py": {MARKS: {"places"}, NAMES: {"model._meta.table_name"}, TEXTS: {"names"}},
    "workloads/taskboard/models.py": {NAMES: {"', '.join((repr(word) for word in words))", "column"}},
    "workloads/taskboard/plans.py": {NAMES: {"version"}, TEXTS: {"sql"}},
}  # fmt: skip
