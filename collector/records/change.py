"""Changes: what got slower or faster, since when, by how much, and why."""

from collector.orm import peewee
from collector.records.base import Document, Real, Record, Text, Timestamp, Whole, kind

STATES = ("provisional", "confirmed", "gone", "accepted")
CAUSES = ("code", "machine", "data", "unknown")


@kind("change", "answers", source="worked out of runs and reported records")
class Change(Record):
    """A lasting change of how long something takes."""

    id = peewee.AutoField(help_text="counts up; what `collector changes accept` takes")
    subject_kind = Text("workload, operation, inference, skill, benchmark or canary", longest=40)
    subject = Text("what changed, such as unit-tests", longest=500)
    metric = Text("the figure that changed", longest=80)
    timestamp = Timestamp("the first run after the change")
    last_before_ms = Timestamp("the last run before it")
    before = Real("median before, in the metric's unit")
    after = Real("median after")
    before_p95 = Real("95th percentile before")
    after_p95 = Real("95th percentile after")
    ratio = Real("after over before; null where one of them is 0", null=True)
    ratio_low = Real("lower end of its 95 % interval", null=True)
    ratio_high = Real("upper end", null=True)
    runs_before = Whole("runs on the level before", minimum=0)
    runs_after = Whole("runs on the level after", minimum=0)
    noisy_left_out = Whole("runs left out since the machine was too busy", minimum=0, default=0)
    state = Text(
        "provisional from 4 runs after it, confirmed from 8; gone: newer runs do not bear it out; accepted",
        longest=20,
        choices=STATES,
    )
    first_commit = Text("the first commit in which it shows", longest=64, null=True)
    cause = Text("code, machine, data or unknown", longest=20, choices=CAUSES)
    sentence = Text("the verdict in words", longest=2000)
    evidence = Document("the figures behind the verdict", null=True)
    trend = Document("medians around it, for a sparkline", null=True)
    found_ms = Timestamp("when it was found first")
    told_ms = Timestamp("when an alert of it went out", null=True)
    doubted_ms = Timestamp(
        "the newest run when it was not found again; null while newer runs bear it out", null=True
    )
    accepted_ms = Timestamp("when somebody accepted it as the new normal", null=True)
    note = Text("why it was accepted", longest=2000, null=True)

    class Meta:
        table_name = "changes"


Change.add_index(Change.subject_kind, Change.subject, Change.metric, Change.timestamp, name="changes_subject")
Change.add_index(Change.timestamp, name="changes_timestamp")
