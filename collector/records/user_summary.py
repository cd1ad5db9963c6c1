"""The summary of users, refreshed every 15 minutes from their operations."""

from collector.records.base import Real, Record, Text, Timestamp, Whole, kind


@kind("user_summary", "answers", source="`operation_metrics` of seven days, and the taskboard")
class UserSummary(Record):
    """What one user did in the last seven days; with a taskboard configured, joined with its tasks."""

    user_id = Text("the user", longest=100, primary_key=True)
    email = Text("as the taskboard has it", longest=320, null=True)
    operations = Whole("operations done for the user", minimum=0)
    sessions = Whole("different sessions they were in", minimum=0)
    slow_share = Real("share of them over the threshold of their type, 0 to 1", minimum=0, maximum=1)
    avg_response_time_ms = Real("mean time of the api operations", unit="ms", minimum=0)
    last_activity = Timestamp("the last operation, or the last change of a task", null=True)
    total_tasks = Whole("tasks on the taskboard", minimum=0, null=True)
    total_projects = Whole("projects on the taskboard", minimum=0, null=True)
    total_lists = Whole("lists on the taskboard", minimum=0, null=True)
    completed_tasks = Whole("of the tasks, completed", minimum=0, null=True)
    recent_tasks = Whole("of the tasks, made in the last 30 days", minimum=0, null=True)

    class Meta:
        table_name = "user_activity_summary"
        without_rowid = True
