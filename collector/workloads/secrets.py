"""Secrets of a workload that the recorder itself knows, because its config names them."""

from __future__ import annotations

from collector.redact import values
from collector.settings import WorkloadSettings
from collector.workloads.environment import environment


def set_secrets(workload: WorkloadSettings) -> frozenset[str]:
    """What ``env = ["NAME=value"]`` sets of them: the same for every reader of the config.

    A value counts where its name says so, and the password where it is a URL: others, such as
    ``STAGE=production``, are words that may stand anywhere.
    """
    pairs = (item.partition("=") for item in workload.env)
    return frozenset[str]().union(*(values(name, value) for name, sets, value in pairs if sets))


def known_secrets(workload: WorkloadSettings) -> frozenset[str]:
    """Those, and the ones that ``env`` passes on by their names."""
    passed = environment(workload.env)
    names = {item.partition("=")[0] for item in workload.env} & passed.keys()
    return frozenset[str]().union(*(values(name, passed[name]) for name in names))
