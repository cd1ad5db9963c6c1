"""Tells a program of the user's own, ``on_alert``, of each change of state."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Mapping
from typing import Any

import msgspec

from collector.alerts.handing import Handing, Told
from collector.alerts.words import filled
from collector.log import Folded, get_logger
from collector.redact import command_line, redacted, shortened
from collector.sections import Alerting
from collector.workloads.child import result_of
from collector.workloads.environment import environment
from collector.workloads.exposure import REFUSED
from collector.workloads.program import program_exposures
from collector.workloads.spawn import Children

log = get_logger("alerts")

# What a notification on a desktop needs besides the list for all children.
DESKTOP = ("DBUS_SESSION_BUS_ADDRESS", "DISPLAY", "WAYLAND_DISPLAY", "XDG_RUNTIME_DIR")
CLOSE_SECONDS = 1.0
FIRST_LINES = 3
LONGEST_OUTPUT = 300


class Teller:
    """Runs ``on_alert`` once an alert, one after the other, in a thread that lives while there are any.

    ``children`` are its own, not those of the workloads: they may end before the last alert is told.
    """

    def __init__(self, settings: Alerting, children: Children) -> None:
        self._settings = settings
        self._children = children
        self._ready = threading.Condition()
        self._handing = Handing()
        self._thread: threading.Thread | None = None
        self._under_way = 0
        self._closing = False
        self._not_told = Folded(log, "alert.not_told")
        self._full = Folded(log, "alert.not_told")

    def apply(self, settings: Alerting) -> None:
        """From now on these count, after the config was read again."""
        self._settings = settings

    def tell(self, alert: Mapping[str, Any]) -> None:
        """Queue an alert, a row of `Alert` without its number and with a ``sentence``. Never blocks."""
        if not self._settings.on_alert:
            return
        with self._ready:
            is_queued = not self._closing and self._handing.add(alert)
            if is_queued and (self._thread is None or not self._thread.is_alive()):
                self._thread = threading.Thread(target=self._run, name="alerts", daemon=True)
                self._thread.start()
            self._ready.notify()
        if not is_queued:
            reason = "the recorder stops" if self._closing else "too many wait for the one before"
            self._full.happened(time.monotonic(), reason=reason, subject=alert["subject"])

    def close(self, seconds: float = CLOSE_SECONDS) -> None:
        """Hand over what waits, as one and for so long, then end the program. Closing twice is fine."""
        with self._ready:
            self._closing = True
            self._ready.notify()
            thread = self._thread
        if thread is not None:
            thread.join(seconds)
        self._children.stop_all()
        with self._ready:
            left, self._under_way = len(self._handing) + self._under_way, 0
            self._handing = Handing()
        if left:
            log.warning("alert.not_told", reason="the recorder stops", left=left)

    def _run(self) -> None:
        while (alert := self._next()) is not None:
            self._hand_over(alert)
            with self._ready:
                self._under_way = 0

    def _next(self) -> Told | None:
        """Wait for what goes next; None when nothing does, and the thread ends."""
        with self._ready:
            while len(self._handing):
                now = time.monotonic()
                pause = 0.0 if self._closing else self._handing.pause(now)
                if not pause:
                    alert, self._under_way = self._handing.take(now, all_at_once=self._closing)
                    return alert
                self._ready.wait(pause)
            self._thread = None
            return None

    def _hand_over(self, alert: Told) -> None:
        settings = self._settings
        if not settings.on_alert:
            return  # taken out of the config meanwhile
        argv = filled(settings.on_alert, alert)
        if os.geteuid() == 0 and (exposed := program_exposures(argv, None, DESKTOP)):
            self._not_told.happened(time.monotonic(), reason=f"{REFUSED}{exposed[0]}")
            return
        spec = {
            "argv": argv,
            "env": environment(DESKTOP),
            "timeout": settings.timeout,
            "payload": msgspec.json.encode(alert) + b"\n",
        }
        report = self._children.run(spec)
        result = result_of(report, settings.timeout)
        if result.outcome == "ok":
            self._not_told.over()
        elif report["ended"] not in {"stopped", "missed"}:  # those are told by `close`
            command = command_line(settings.on_alert)
            fields = {"reason": result.detail, "command": command, **_said(report)}
            self._not_told.happened(time.monotonic(), **fields)


def _said(report: dict[str, Any]) -> dict[str, str]:
    """The first lines that a program printed, without secrets; nothing where it printed nothing."""
    lines = report.get("output", b"").decode(errors="replace").strip().splitlines()[:FIRST_LINES]
    said = shortened(redacted("\n".join(lines)), LONGEST_OUTPUT)
    return {"output": said} if said else {}
