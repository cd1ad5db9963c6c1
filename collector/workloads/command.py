"""Workloads that are a program: ``argv``, never a shell unless ``shell = true``."""

from __future__ import annotations

from collections.abc import Iterator

from collector import redact
from collector.settings import WorkloadSettings
from collector.workloads.base import Result, Spawner, workload_kind
from collector.workloads.child import result_of, spec_for
from collector.workloads.exposure import refused
from collector.workloads.program import program_exposures, program_fault
from collector.workloads.secrets import known_secrets, set_secrets

SHELL = "/bin/sh"


class Command(WorkloadSettings, frozen=True, kw_only=True):
    """``argv`` is the program and its words; with ``shell`` it is one text for ``/bin/sh -c``."""

    argv: tuple[str, ...]
    shell: bool = False

    def faults(self) -> Iterator[tuple[str, str]]:
        """A program that is there; one text for a shell."""
        yield from super().faults()
        if not self.argv or not self.argv[0].strip():
            yield "argv", "must hold at least the name of a program"
        elif any("\0" in word for word in self.argv):
            yield "argv", "must not hold a NUL character"
        elif self.shell and len(self.argv) > 1:
            yield "argv", "must be one text where shell = true; quote the words inside it"
        elif not self.shell and (fault := program_fault(self.argv[0], self.cwd, self.env)):
            yield "argv", fault
        else:
            yield from refused(self)

    def exposures(self) -> Iterator[tuple[str, str]]:
        """How others could change the program, the shell, or what these are told to run, as far as known."""
        yield from (("argv", fault) for fault in program_exposures(self._words(), self.cwd, self.env))

    def command_line(self) -> str:
        """The command as one would type it, without secrets."""
        secrets = set_secrets(self)
        argv = [redact.without(word, secrets) for word in self.argv]
        if self.shell:
            return redact.shortened(redact.redacted(argv[0]), redact.LONGEST)
        return redact.command_line(argv)

    def _words(self) -> tuple[str, ...]:
        return (SHELL, "-c", *self.argv) if self.shell else self.argv


@workload_kind("command", Command)
def run(workload: Command, spawner: Spawner) -> Result:
    """Run the program once; exit status 0 is ok."""
    report = spawner.run(spec_for(workload, workload._words()))
    return result_of(report, workload.timeout, known_secrets(workload))
