"""Runs: the ledger of timed work, with the state of the machine during each."""

from functools import lru_cache
from typing import Any

from collector.orm import peewee
from collector.records.base import Arrival, Flag, Real, Record, Text, Timestamp, Whole, kind, once
from collector.records.columns import LONGEST_MS
from collector.redact import redacted, shortened

OUTCOMES = ("ok", "failed", "timeout", "missed", "overlapped", "crashed")
# Texts in which people put secrets, and how many characters their columns take.
_TOLD = {"command": 1000, "detail": 2000, "plan": 20_000, "output": 70_000}


def arrive(columns: dict[str, Any], _arrival: Arrival) -> None:
    """Take out what looks like a secret. What is too long for its column stays as it is: it is refused."""
    for name, longest in _TOLD.items():
        text = columns.get(name)
        if isinstance(text, str) and len(text) <= longest:
            columns[name] = _shown_command(text) if name == "command" else shortened(redacted(text), longest)


@lru_cache(maxsize=128)
def _shown_command(text: str) -> str:
    """The same few commands come again and again; looking at one takes as long as the rest of its record."""
    return shortened(redacted(text), _TOLD["command"])


@kind(
    "run",
    "workload",
    source="the runner's clock, wait4(2) and /proc/PID/io; reported ones: the sender",
    pushed=True,
    arrive=arrive,
    per=("workload",),
)
class Run(Record):
    """One run of a workload, or of anything that was timed elsewhere and reported."""

    id = peewee.AutoField(help_text="counts up")
    record_id = Text(
        "the sender's own id; a second record with it is not stored", longest=200, shortest=1, null=True
    )
    workload = Text(
        "name of the workload",
        longest=200,
        shortest=1,
        pattern=r"^[^\x00-\x1f\x7f-\x9f]{1,200}$(?!\n)",  # `$` alone lets a last line end through
        in_words="without control characters",
    )
    workload_kind = Text("command, sql, http, python, time, import, …", longest=40, default="reported")
    command = Text("what was run, without secrets", longest=_TOLD["command"], null=True)
    timestamp = Timestamp("when it began, or was due")
    outcome = Text(
        "ok, failed, timeout, missed, overlapped or crashed", longest=20, choices=OUTCOMES, default="ok"
    )
    wall_ms = Real(
        "from start to end; null when it did not run", unit="ms", minimum=0, maximum=LONGEST_MS, null=True
    )
    user_ms = Real("processor time in the program", unit="ms", minimum=0, null=True)
    system_ms = Real("processor time in the kernel for it", unit="ms", minimum=0, null=True)
    max_rss_bytes = Whole(
        "largest resident memory; null under the runner's own floor", unit="B", minimum=0, null=True
    )
    read_bytes = Whole("read from disk", unit="B", minimum=0, null=True)
    written_bytes = Whole("written to disk", unit="B", minimum=0, null=True)
    voluntary_switches = Whole("times it waited", minimum=0, null=True)
    involuntary_switches = Whole("times it was interrupted", minimum=0, null=True)
    exit_code = Whole("exit status; null when a signal ended it", null=True)
    signal = Whole("number of the signal that ended it", null=True)
    rows = Whole("rows of the answer (sql)", minimum=0, null=True)
    http_status = Whole("status of the answer (http)", null=True)
    connect_ms = Real("until connected (sql, http)", unit="ms", minimum=0, null=True)
    execute_ms = Real("until the first row could be fetched (sql)", unit="ms", minimum=0, null=True)
    fetch_ms = Real("for all rows (sql)", unit="ms", minimum=0, null=True)
    first_byte_ms = Real("until the first byte of the answer (http)", unit="ms", minimum=0, null=True)
    received_bytes = Whole("size of the answer (http)", unit="B", minimum=0, null=True)
    output_bytes = Whole("how much it printed", unit="B", minimum=0, null=True)
    budget_ms = Real("its budget at that time", unit="ms", minimum=0, null=True)
    busy_percent = Real("all cores busy during it, itself included", unit="%", null=True)
    others_percent = Real("cores busy with other work during it", unit="%", null=True)
    cpu_some_percent = Real("cpu pressure during it", unit="%", null=True)
    memory_some_percent = Real("memory pressure during it", unit="%", null=True)
    io_some_percent = Real("disk pressure during it", unit="%", null=True)
    available_bytes = Whole("memory available at its end", unit="B", null=True)
    temperature_celsius = Real("hottest processor sensor at its end", unit="°C", null=True)
    frequency_mhz = Real("mean clock of the cores at its end", unit="MHz", null=True)
    on_battery = Flag("whether the machine ran on its battery", null=True)
    git_commit = Text("commit of its folder", longest=64, null=True)
    git_dirty = Flag("whether tracked files were changed since", null=True)
    boot_id = Text("the kernel's id of this boot", null=True)
    noisy = Flag("whether the machine was too busy for the time to be trusted", null=True)
    # The long ones last: what stands behind them in a row costs a walk along its overflow pages.
    detail = Text("the reason, where the outcome needs one", longest=_TOLD["detail"], null=True)
    plan = Text("the query plan (sql, over budget)", longest=_TOLD["plan"], null=True)
    output = Text(
        "what it printed: all of it up to 64 KiB, else its beginning and end",
        longest=_TOLD["output"],
        null=True,
    )

    class Meta:
        table_name = "workload_runs"


# With outcome and time in it, percentiles and trends of a workload never touch the rows.
Run.add_index(Run.workload, Run.timestamp, Run.outcome, Run.wall_ms, name="workload_runs_workload_timestamp")
Run.add_index(
    Run.index(
        Run.outcome,
        Run.workload,
        Run.timestamp,
        where=Run.outcome != "ok",
        name="workload_runs_troubled",
    )
)
once(Run)
