"""Skill executions of an agent: how long one took, and the tokens it cost."""

from collector.orm import peewee
from collector.records.base import Flag, Real, Record, Text, Timestamp, Whole, kind, once
from collector.records.columns import LONGEST_MS


@kind("skill", "reported", source="the sender", pushed=True, per=("skill_id",))
class Skill(Record):
    """One execution of a skill."""

    id = peewee.AutoField(help_text="counts up")
    record_id = Text(
        "the sender's own id; a second record with it is not stored", longest=200, shortest=1, null=True
    )
    skill_id = Text("the skill", longest=200, shortest=1)
    execution_ms = Real("from start to end", unit="ms", minimum=0, maximum=LONGEST_MS)
    tokens_in = Whole("tokens it was given", minimum=0)
    tokens_out = Whole("tokens it gave back", minimum=0)
    success = Flag("whether it did what it should")
    timestamp = Timestamp("when it began", arrival=True)

    class Meta:
        table_name = "skill_metrics"


Skill.add_index(Skill.skill_id, Skill.timestamp, name="skill_metrics_skill_id")
Skill.add_index(Skill.timestamp, name="skill_metrics_timestamp")
once(Skill)
