"""Alerts: what went from one state to another, told once: a row, a line in the log, and ``on_alert``."""

from collector.alerts.alerts import Alerts
from collector.alerts.telling import Teller

__all__ = ["Alerts", "Teller"]
