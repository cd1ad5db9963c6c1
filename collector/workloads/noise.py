"""Was it the code, or was the machine busy? What the machine did during a run, as columns of `Run`."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collector.readings.state import MachineState

# A quarter of the cores busy with other work: what runs on the rest loses clock (turbo) and cache.
NOISY_OTHERS_PERCENT = 25.0
# A tenth of the time some task waited for memory: the machine swaps or reclaims, which stops anything.
NOISY_MEMORY_PERCENT = 10.0
# Disks are waited for in ordinary work, builds above all; a third of the time is more than that.
NOISY_IO_PERCENT = 30.0


class Conditions(NamedTuple):
    """The state of the machine during a run; what is not known is None."""

    busy_percent: float | None = None
    others_percent: float | None = None
    cpu_some_percent: float | None = None
    memory_some_percent: float | None = None
    io_some_percent: float | None = None
    available_bytes: int | None = None
    temperature_celsius: float | None = None
    frequency_mhz: float | None = None
    on_battery: bool | None = None
    noisy: bool | None = None


def conditions(state: MachineState, own_seconds: float) -> Conditions:
    """The columns from the machine's state; ``own_seconds`` is the run's own processor time. Pure."""
    others = others_percent(state, own_seconds)
    return Conditions(
        state.busy_percent,
        others,
        state.cpu_some_percent,
        state.memory_some_percent,
        state.io_some_percent,
        state.available_bytes,
        state.temperature_celsius,
        state.frequency_mhz,
        state.on_battery,
        noisy(others, state.memory_some_percent, state.io_some_percent),
    )


def others_percent(state: MachineState, own_seconds: float) -> float | None:
    """The share of all cores' time in the window that went to other work than the run."""
    offered = state.cores * state.window_seconds
    if state.busy_seconds is None or offered <= 0:
        return None
    return min(100.0, max(0.0, 100 * (state.busy_seconds - own_seconds) / offered))


def noisy(others: float | None, memory: float | None, io: float | None) -> bool | None:
    """Whether the machine was too busy for the run's time to be trusted.

    One sign is enough for yes; for no, what other work took has to be known. None otherwise.
    """
    limits = ((others, NOISY_OTHERS_PERCENT), (memory, NOISY_MEMORY_PERCENT), (io, NOISY_IO_PERCENT))
    known = [value >= limit for value, limit in limits if value is not None]
    return True if any(known) else False if others is not None else None
