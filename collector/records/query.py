"""Query texts: what stands behind a fingerprint. Never a literal."""

from collector.records.base import Record, Text, Timestamp, Whole, kind

LONGEST_TEXT = 20_000


@kind("query", "reported", source="the statement of an operation, without its literals")
class Query(Record):
    """One statement, normalised: its literals, lists, comments, whitespace and case do not tell it apart."""

    query_hash = Text("its fingerprint, or the hash that the sender gave", longest=64, primary_key=True)
    fp_version = Whole("version of the rules that made the fingerprint; 0: the sender's own", minimum=0)
    dialect = Text("generic, sqlite, postgresql or mysql", longest=20)
    text = Text("the normalised statement", longest=LONGEST_TEXT)
    sample = Text("one as it was written, with ? for every literal", longest=LONGEST_TEXT, null=True)
    first_seen = Timestamp("when it first came in")

    class Meta:
        table_name = "queries"
        without_rowid = True
