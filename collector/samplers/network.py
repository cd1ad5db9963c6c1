"""Samples the traffic of network interfaces."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from collector.readings.kernel_file import KernelFile
from collector.records.network import NetworkSample
from collector.samplers.base import Context, Missing, Sampler, moved, sampler


class Counters(NamedTuple):
    """Cumulative counters of one interface, both directions together but for the bytes."""

    received_bytes: int
    sent_bytes: int
    errors: int
    drops: int


@sampler
class Network(Sampler[dict[str, Counters]]):
    """Every interface but loopback. An own reading: psutil takes twice as long."""

    name = "network"
    may_block = False

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._dev = KernelFile(context.proc / "net/dev")

    def read(self) -> dict[str, Counters]:
        """Source: /proc/net/dev, below its two lines of headings."""
        try:
            lines = self._dev.read().splitlines()[2:]
        except FileNotFoundError:
            raise Missing("this kernel keeps no /proc/net/dev") from None
        interfaces = dict(map(parse, lines))
        interfaces.pop("lo", None)
        return interfaces

    def records(
        self,
        before: dict[str, Counters] | None,
        now: dict[str, Counters],
        seconds: float,
        timestamp: int,
    ) -> list[msgspec.Struct]:
        """One row an interface that was there before, too, and has moved anything since it came."""
        assert before is not None
        return [
            NetworkSample.record(
                timestamp=timestamp,
                interface=interface,
                received_bytes_per_s=per_s[0],
                sent_bytes_per_s=per_s[1],
                errors_per_s=per_s[2],
                drops_per_s=per_s[3],
            )
            for interface, per_s in moved(before, now, seconds)
        ]


def parse(line: bytes) -> tuple[str, Counters]:
    """Name and counters of one line of /proc/net/dev. An alias may hold colons: the last one ends it."""
    name, _, rest = line.rpartition(b":")
    # Eight fields of receiving, then of sending: bytes packets errs drop ...
    field = rest.split(None, 12)
    return name.strip().decode(errors="replace"), Counters(
        int(field[0]), int(field[8]), int(field[2]) + int(field[10]), int(field[3]) + int(field[11])
    )
