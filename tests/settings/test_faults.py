"""What a config may not hold: every fault at once, each with its line, key, value and what is allowed."""

from __future__ import annotations

import pytest

from collector.errors import ConfigError, Problem
from tests.settings.conftest import Config

FIVE = """\
[collector]
databse = "x.db"

[sampling]
every = 5

[[workloads]]
name = "nap"
kind = "sleep"
seconds = "1s"
every = "-5s"

[[workloads]]
name = "nap"
kind = "sleep"
every = "1m"
seconds = "20m"
"""

LENGTH = "a length of time such as 100ms, 5s, 30m, 1h30m, 7d or 2y"
WORKLOAD = '[[workloads]]\nname = "a"\nkind = "fetch"\nurl = "http://127.0.0.1"\nevery = "1m"\n'


def test_five_faults_are_told_at_once(config: Config) -> None:
    """An unknown key, a wrong type, a negative interval, a name used twice, and a rule of the kind's own."""
    assert config.faults(FIVE) == [
        "line 2: collector.databse = \"x.db\": unknown key (did you mean 'database'?)",
        f"line 5: sampling.every = 5: not {LENGTH} (in quotes)",
        f'line 11: workloads[1].every = "-5s": not {LENGTH}',
        'line 14: workloads[2].name = "nap": this name is taken by the workload of line 8',
        'line 17: workloads[2].seconds = "20m": must be shorter than the timeout',
    ]


def test_the_refusal_counts_the_faults_and_says_what_to_do(config: Config) -> None:
    """Its exit status is that of a usage error."""
    with pytest.raises(ConfigError) as caught:
        config.load(FIVE)
    assert str(caught.value) == f"{config.path}: 5 faults"
    assert "collector check" in caught.value.hint
    assert caught.value.exit_code == 2
    assert str(ConfigError("c.toml", [Problem("a", "b")])) == "c.toml: 1 fault"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (
            "[zzz]\n",
            (
                "line 1: zzz: unknown section; allowed are"
                " collector, sampling, slow, summaries, retention, changes, alerts, log, runs, workloads,"
                " tails, pools"
            ),
        ),
        (
            '[alerts]\non_alert = ["{state}"]\n',
            (
                'line 2: alerts.on_alert = ["{state}"]: the first word is the program;'
                " what happened goes into those behind it"
            ),
        ),
        (
            '[alerts]\non_alert = ["say", "{what}"]\n',
            (
                'line 2: alerts.on_alert = ["say", "{what}"]:'
                " knows {sentence}, {subject} and {state}, not {what}"
            ),
        ),
        (
            '[retention]\nruns = "3y"\n',
            "line 1: retention.hours: must be at least as long as the rows themselves are kept",
        ),
        ("[samplng]\n", "line 1: samplng: unknown section (did you mean 'sampling'?)"),
        ("sampling = 5\n", "line 1: sampling = 5: must be a table, [sampling]"),
        ("tails = 5\n", "line 1: tails = 5: must be a list of tables, [[tails]]"),
        (
            "[slow]\nnames = { report = 2 }\n",
            f"line 2: slow.names = {{ report = 2 }}: not {LENGTH} (in quotes)",
        ),
        ("workloads = 5\n", "line 1: workloads = 5: must be a list of tables, [[workloads]]"),
        ("workloads = [5]\n", "line 1: workloads[1] = 5: must be a table, [workloads[1]]"),
        (
            "[sampling]\nzzz = 1\n",
            "line 2: sampling.zzz = 1: unknown key; allowed are every, on_battery, off, processes",
        ),
        (
            '[collector]\ndurability = "fast"\n',
            "line 2: collector.durability = \"fast\": must be one of 'full', 'normal'",
        ),
        ("[collector]\ndatabase = 5\n", "line 2: collector.database = 5: must be a path in quotes"),
        ('[collector]\ndatabase = ""\n', 'line 2: collector.database = "": must be a path in quotes'),
        ('[sampling]\nevery = "1us"\n', 'line 2: sampling.every = "1us": must lie between 100ms and 1d'),
        ('[sampling]\nevery = "2d"\n', 'line 2: sampling.every = "2d": must lie between 100ms and 1d'),
        (
            "[sampling.processes]\ntop = 0\n",
            "line 2: sampling.processes.top = 0: must be a whole number from 1 to 1000",
        ),
        (
            "[sampling]\nprocesses = { top = 1.5 }\n",
            "line 2: sampling.processes.top = 1.5: must be a whole number from 1 to 1000",
        ),
        (
            "[sampling]\nprocesses.top = true\n",
            "line 2: sampling.processes.top = true: must be a whole number from 1 to 1000",
        ),
        (
            '[sampling]\nprocesses = { every = "1us" }\n',
            'line 2: sampling.processes.every = "1us": must lie between 1s and 1d',
        ),
        (
            '[sampling]\noff = "cpu"\n',
            'line 2: sampling.off = "cpu": must be a list, each item a text in quotes',
        ),
        (
            '[sampling]\noff = ["cpus"]\n',
            "line 2: sampling.off = \"cpus\": no sampler is named 'cpus' (did you mean 'cpu'?)",
        ),
        (
            '[sampling]\noff = ["x"]\n',
            "line 2: sampling.off = \"x\": no sampler is named 'x'; there are cpu, memory, disk",
        ),
        ('[log]\nsummary = "1ms"\n', 'line 2: log.summary = "1ms": must be at least 1s'),
        (
            "[runs]\nparallel = 9999999999999999999\n",
            "line 2: runs.parallel = 9999999999999999999: must be a whole number from 1 to 64",
        ),
        ("[slow]\nquery = 1979-05-27\n", f"line 2: slow.query = 1979-05-27: not {LENGTH} (in quotes)"),
        ('[slow]\nquery = "11000d"\n', 'line 2: slow.query = "11000d": must not be longer than ten years'),
    ],
)
def test_a_fault_names_line_key_value_and_what_is_allowed(config: Config, text: str, fault: str) -> None:
    """Whatever the fault."""
    assert config.fault(text) == fault


@pytest.mark.parametrize(
    ("lines", "fault"),
    [
        ('kind = "slep"', "unknown kind (did you mean 'sleep'?)"),
        ('kind = "zzz"', "unknown kind; allowed are sleep, fetch"),
        ('kind = ["zzz"]', "unknown kind; allowed are sleep, fetch"),
        ("kind = { a = 1 }", "unknown kind; allowed are sleep, fetch"),
    ],
)
def test_a_kind_that_does_not_exist_is_told_with_those_that_do(
    config: Config, lines: str, fault: str
) -> None:
    """And its other keys are not judged, since they are the kind's."""
    said = config.fault(WORKLOAD.replace('kind = "fetch"', lines))
    assert said.startswith("line 3: workloads[1].kind = ")
    assert said.endswith(f": {fault}")


def test_one_fault_does_not_hide_the_next_in_the_same_table(config: Config) -> None:
    """An unknown key, a wrong type, a missing folder and a missing name are told together."""
    text = '[[workloads]]\nkind = "zzz"\nevery = 5\ncwd = "/no/such/folder"\ncron = "0 3 * * *"\n'
    with pytest.raises(ConfigError) as caught:
        config.load(text)
    keys = {fault.key.removeprefix("workloads[1].") for fault in caught.value.problems}
    assert keys == {"kind", "every", "cwd", "name"}


def test_a_kind_that_is_missing_is_told_at_its_table(config: Config) -> None:
    """Where a key is not there, the line is that of the table it should be in."""
    text = '[[workloads]]\nname = "a"\nevery = "1m"\n'
    assert config.fault(text) == "line 1: workloads[1].kind: missing; allowed are sleep, fetch"


def test_a_required_key_that_is_missing_is_told_with_its_type(config: Config) -> None:
    """The second table's own line, not the first one's."""
    text = WORKLOAD + '[[workloads]]\nname = "b"\nkind = "sleep"\nevery = "1m"\n'
    assert config.fault(text) == (f"line 6: workloads[2].seconds: missing; must be {LENGTH}")


@pytest.mark.parametrize(
    ("lines", "fault"),
    [
        ("", "line 1: workloads[1].every: give exactly one of every and cron"),
        (
            'every = "1m"\ncron = "0 3 * * *"',
            'line 5: workloads[1].every = "1m": give exactly one of every and cron',
        ),
        ('every = "500ms"', 'line 5: workloads[1].every = "500ms": must be at least 1s'),
        ('cron = "0 3 * *"', 'line 5: workloads[1].cron = "0 3 * *": must have five fields'),
        ('every = "1m"\ncwd = "nowhere"', "there is no such folder"),
        ('every = "1m"\ncwd = "' + "x" * 5000 + '"', "there is no such folder"),
        ('every = "1m"\ncwd = "~no-such-user/x"', "must be a path; nobody of that name has a home folder"),
        ('every = "1m"\nretries = 1.5', "line 6: workloads[1].retries = 1.5: must be a whole number"),
        ('every = "1m"\nverify = 1', "line 6: workloads[1].verify = 1: must be true or false"),
        ('every = "1m"\nweight = "x"', 'line 6: workloads[1].weight = "x": must be a number'),
        (
            'every = "1m"\nargv = ["a", ""]',
            'line 6: workloads[1].argv = ["a", ""]: must be a list, each item a text in quotes, not empty',
        ),
    ],
)
def test_every_workload_obeys_the_common_rules(config: Config, lines: str, fault: str) -> None:
    """When it runs, where it runs, and the types of its keys."""
    assert fault in config.fault(WORKLOAD.replace('every = "1m"\n', lines + "\n"))


@pytest.mark.parametrize("name", ["", " a", "a b", "-a", "a" * 81, "ä", "a/b", "a\\n"])
def test_a_workload_has_a_name_that_is_safe_everywhere(config: Config, name: str) -> None:
    """In a file name, on a command line, in a table."""
    said = config.fault(WORKLOAD.replace('"a"', f'"{name}"'))
    assert said.startswith("line 2: workloads[1].name = ")
    assert said.endswith("must be a name of letters, digits, dot, dash, colon and underscore, at most 80")


def test_names_are_compared_among_faulty_workloads_too(config: Config) -> None:
    """Mending the one fault must not bring up the other."""
    faults = config.faults(WORKLOAD + "retries = 1.5\n" + WORKLOAD)
    assert [fault.split(":")[0] for fault in faults] == ["line 6", "line 8"]


def test_a_long_value_is_shortened(config: Config) -> None:
    """The line is named anyway."""
    said = config.fault(f'[collector]\nzzz = "{"x" * 500}"\n')
    assert len(said) < 170
    assert '…"' in said


def test_control_characters_of_a_value_are_escaped(config: Config) -> None:
    """They would reach the terminal of whoever runs `collector check`."""
    said = config.fault('[collector]\nzzz = "\\u001b[2J größer"\n')
    assert '"\\u001b[2J gr\\u00f6\\u00dfer"' in said


@pytest.mark.parametrize(
    "line",
    [
        'zzz = "postgresql://bob:hunter2@db.example/app"',
        'zzz = "postgresql://bob:hun/hunter2@db.example/app"',
        'zzz = "postgresql://db.example/app?user=bob&password=hunter2"',
        "zzz = \"host=db user=bob password='hunter2 x' dbname=app\"",
        'argv = ["psql", "--password=hunter2", 5]',
        "argv = \"curl -H 'Authorization: Bearer hunter2'\"",
        'password = "hunter2"',
        'passwort = "hunter2"',
        'api_key = "hunter2"',
        'auth = { user = "bob", password = "hunter2" }',
        'env = "PGDATA=hunter2"',
        'env = { PGDATA = "hunter2" }',
        'env = ["PGDATA=hunter2", 5]',
        'headers = { "X-Anything" = "hunter2" }',
        'retries = "postgresql://bob:hunter2@db.example/app"',
        'zzz = "postgresql://db.example/app?user=bob&pass%77ord=hunter2"',
        'zzz = "postgresql://db.example/app?%70wd=hunter2&sslmode=require"',
        'argv = ["psql", "--password", "hunter2", 5]',
        'argv = ["sshpass", "-p", "hunter2", 5]',
    ],
)
def test_a_secret_is_never_shown(config: Config, line: str) -> None:
    """A fault is printed, and on reload logged."""
    said = config.fault(WORKLOAD + line + "\n")
    assert "hunter2" not in said
    assert "line 6" in said


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ('password_file = "/etc/secret"', '"/etc/secret"'),
        ('password_env = "PG_PASSWORD"', '"PG_PASSWORD"'),
        ('password_env = "hunter2"', '"***"'),
        ("password_file = 12345", '"***"'),
        ('password = "HUNTER2"', '"***"'),
    ],
)
def test_where_a_secret_is_kept_is_shown(config: Config, line: str, shown: str) -> None:
    """Unless it looks like the secret itself, in the wrong place."""
    assert f"= {shown}: unknown key" in config.fault(WORKLOAD + line + "\n")


def test_a_url_that_holds_no_secret_is_shown_as_it_is_written(config: Config) -> None:
    """Its escapes too."""
    said = config.fault(WORKLOAD + 'zzz = "http://h/a%20b?passenger=%C3%BC"\n')
    assert '"http://h/a%20b?passenger=%C3%BC"' in said


@pytest.mark.parametrize(
    "line",
    [
        f"zzz = 0x{'f' * 5000}",
        f"zzz = [{'1, ' * 5000}]",
        f'zzz = "{"x" * 100_000}"',
        f"{'z' * 100_000} = 1",
        f'kind = "{"z" * 100_000}"',
        f'[sampling]\noff = ["{"z" * 100_000}"]',
        f'[alerts]\non_alert = ["x", "{{{"z" * 100_000}}}"]',
    ],
    ids=lambda line: line[:12],
)
def test_what_is_told_of_a_fault_stays_short(config: Config, line: str) -> None:
    """However long key, value and sentence are; Python writes no number of so many digits."""
    workload = WORKLOAD.replace('kind = "fetch"\n', "") if line.startswith("kind") else WORKLOAD
    for said in config.faults(workload + line + "\n"):
        assert len(said) < 1_000


def test_of_a_long_path_the_end_is_shown(config: Config) -> None:
    """Which file it is."""
    said = config.fault(WORKLOAD + f'password_file = "/{"x" * 99}/secret"\n')
    assert "xx/secret" in said
    assert "x" * 60 not in said
