"""Samples the traffic of network interfaces."""

from __future__ import annotations

from typing import NamedTuple

import msgspec
import psutil

from collector.records.network import NetworkSample
from collector.samplers.base import Missing, Sampler, rates, sampler


class Counters(NamedTuple):
    """Cumulative counters of one interface, both directions together but for the bytes."""

    received_bytes: int
    sent_bytes: int
    errors: int
    drops: int


@sampler
class Network(Sampler[dict[str, Counters]]):
    """Every interface but loopback."""

    name = "network"

    def read(self) -> dict[str, Counters]:
        """Source: /proc/net/dev through psutil.

        Without its guess at wrapped counters: it keeps a table, and takes a new interface of an old
        name for one that wrapped.
        """
        try:
            interfaces = psutil.net_io_counters(pernic=True, nowrap=False)
        except FileNotFoundError:
            raise Missing("this kernel keeps no /proc/net/dev") from None
        return {
            name: Counters(io.bytes_recv, io.bytes_sent, io.errin + io.errout, io.dropin + io.dropout)
            for name, io in interfaces.items()
            if name != "lo"
        }

    def records(
        self,
        before: dict[str, Counters] | None,
        now: dict[str, Counters],
        seconds: float,
        timestamp: int,
    ) -> list[msgspec.Struct]:
        """One row an interface that was there before, too, and has moved anything since it came."""
        assert before is not None
        rows = []
        for interface, counters in now.items():
            per_s = rates(before[interface], counters, seconds) if interface in before else None
            if per_s is None or not any(counters):
                continue
            rows.append(
                NetworkSample.record(
                    timestamp=timestamp,
                    interface=interface,
                    received_bytes_per_s=per_s[0],
                    sent_bytes_per_s=per_s[1],
                    errors_per_s=per_s[2],
                    drops_per_s=per_s[3],
                )
            )
        return rows
