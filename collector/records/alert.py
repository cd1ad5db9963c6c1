"""Alerts: one row for each change of state, never one for each time it is looked at."""

from collector.orm import peewee
from collector.records.base import Document, Record, Text, Timestamp, kind

STATES = ("slow", "over_budget", "failing", "got_slower", "got_faster", "recovered")


@kind("alert", "answers", source="the recorder")
class Alert(Record):
    """Something went from one state to another."""

    id = peewee.AutoField(help_text="counts up")
    timestamp = Timestamp("when it did")
    subject_kind = Text("workload, operation, query, inference, skill, benchmark or canary", longest=40)
    subject = Text("what it is about", longest=500)
    concern = Text("which of its states: slow, over_budget, failing or change", longest=20)
    from_state = Text("the state before: ok or one of those below", longest=20)
    to_state = Text(
        "slow, over_budget, failing, got_slower, got_faster or recovered", longest=20, choices=STATES
    )
    details = Document("the figures behind it", null=True)

    class Meta:
        table_name = "alerts"


Alert.add_index(Alert.timestamp, name="alerts_timestamp")
Alert.add_index(Alert.subject_kind, Alert.subject, Alert.concern, name="alerts_subject")

# The numbers of the last row of each concern of each subject, from the last one backwards: three steps into
# the index for each, however many rows there are. Three columns compared at once would walk along the first.
_BACKWARDS = "ORDER BY subject_kind DESC, subject DESC, concern DESC, id DESC LIMIT 1"
LAST_OF_EACH = f"""
    WITH RECURSIVE last (id) AS (
        SELECT * FROM (SELECT id FROM alerts {_BACKWARDS})
        UNION ALL
        SELECT coalesce(
            (SELECT id FROM alerts WHERE subject_kind = behind.subject_kind AND subject = behind.subject
                AND concern < behind.concern {_BACKWARDS}),
            (SELECT id FROM alerts WHERE subject_kind = behind.subject_kind AND subject < behind.subject
                {_BACKWARDS}),
            (SELECT id FROM alerts WHERE subject_kind < behind.subject_kind {_BACKWARDS})
        )
        FROM last JOIN alerts AS behind USING (id)
    )
    SELECT id FROM last WHERE id IS NOT NULL
"""  # noqa: S608  # only words of ours
