"""LLM inferences: how long a model took for a task, and how many tokens went in and out."""

from collector.orm import peewee
from collector.records.base import Flag, Real, Record, Text, Timestamp, Whole, kind, once
from collector.records.columns import LONGEST_S

# A sample counts as nearest when it was taken at most this long before or after.
NEAR_MS = 60_000


def _nearest(column: str, table: str) -> str:
    """What the machine sample nearest to the record's moment says; NULL where none is near."""
    return (
        f"(SELECT {column} FROM {table} WHERE timestamp BETWEEN sent.timestamp - {NEAR_MS}"  # noqa: S608  # only names of ours
        f" AND sent.timestamp + {NEAR_MS} ORDER BY abs(timestamp - sent.timestamp) LIMIT 1)"
    )


@kind("inference", "reported", source="the sender", pushed=True, per=("model_name", "task_type"))
class Inference(Record):
    """One answer of a language model. Durations are in seconds, as its runtimes report them.

    What is left out of `tokens_per_second`, `memory_usage` and `cpu_usage` is filled in, never overwritten.
    """

    id = peewee.AutoField(help_text="counts up")
    record_id = Text(
        "the sender's own id; a second record with it is not stored", longest=200, shortest=1, null=True
    )
    model_name = Text("the model, such as llama3.1:8b", longest=200, shortest=1)
    task_type = Text("what it was asked to do: chat, generate, embed, …", longest=100)
    timestamp = Timestamp("when it began", arrival=True)
    inference_time = Real("from request to the whole answer", unit="s", minimum=0, maximum=LONGEST_S)
    load_duration = Real("of that, loading the model", unit="s", minimum=0, maximum=LONGEST_S, null=True)
    prompt_eval_duration = Real(
        "of that, reading the prompt", unit="s", minimum=0, maximum=LONGEST_S, null=True
    )
    eval_duration = Real("of that, writing the answer", unit="s", minimum=0, maximum=LONGEST_S, null=True)
    input_tokens = Whole("tokens of the prompt", minimum=0)
    output_tokens = Whole("tokens of the answer", minimum=0)
    tokens_per_second = Real(
        "output_tokens over eval_duration, or over inference_time where that is not told; 0: unknown",
        unit="1/s",
        minimum=0,
        # A time under a nanosecond is none: what came of it would be no rate.
        filled_by="CAST(sent.output_tokens AS REAL)"
        " / CASE WHEN sent.eval_duration > 1e-9 THEN sent.eval_duration"
        " WHEN sent.inference_time > 1e-9 THEN sent.inference_time END, 0.0",
    )
    memory_usage = Real(
        "memory in use on the machine; left out: of the nearest sample within a minute",
        unit="MB",
        minimum=0,
        null=True,
        filled_by=_nearest("used_bytes / 1e6", "memory_samples"),
    )
    cpu_usage = Real(
        "all cores busy; left out: of the nearest sample within a minute",
        unit="%",
        minimum=0,
        null=True,
        filled_by=_nearest("busy_percent", "cpu_samples"),
    )
    query_length = Whole("length of the prompt, never its text", unit="characters", minimum=0)
    response_length = Whole("length of the answer, never its text", unit="characters", minimum=0)
    provider = Text("who ran it: ollama, openai, …", longest=100, null=True)
    session = Text("the conversation or job it belongs to", longest=200, null=True)
    success = Flag("whether it went well; null when nobody said", null=True)
    created_at = Timestamp("when the recorder took it in", arrival=True)

    class Meta:
        table_name = "inference_metrics"


Inference.add_index(Inference.model_name, Inference.timestamp, name="inference_metrics_model_timestamp")
Inference.add_index(Inference.task_type, Inference.timestamp, name="inference_metrics_task_type")
Inference.add_index(Inference.timestamp, name="inference_metrics_timestamp")
once(Inference)
