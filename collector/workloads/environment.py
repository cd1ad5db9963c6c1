"""What a workload sees of the recorder's environment: a short list, and what its config adds."""

from __future__ import annotations

import os

NAMES = {
    *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TZ", "TMPDIR", "TERM"),
    *("XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"),
    "LD_LIBRARY_PATH",  # an interpreter built with a library of its own does not start without
}
# These speak to the recorder itself: a child that answered systemd in its name would confuse both.
# They stay out even where a config names them. Source: systemd.exec(5), sd_notify(3).
_OURS = (
    "NOTIFY_SOCKET",
    "WATCHDOG_",
    "LISTEN_",
    "FDSTORE",
    "JOURNAL_STREAM",
    "INVOCATION_ID",
    "MAINPID",
    "CREDENTIALS_DIRECTORY",
)


def environment(allow: tuple[str, ...] = ()) -> dict[str, str]:
    """The complete environment of a child.

    ``allow`` holds names to pass on, and ``NAME=value`` to set.
    """
    passed = {name: value for name, value in os.environ.items() if name in NAMES or name.startswith("LC_")}
    for item in allow:
        name, sets, value = item.partition("=")
        if sets:
            passed[name] = value
        elif name in os.environ:
            passed[name] = os.environ[name]
    passed.setdefault("PATH", os.defpath)
    return {name: value for name, value in passed.items() if not name.startswith(_OURS)}
