"""How an error looks to a person: what and where, then what to do. Never a traceback."""

from __future__ import annotations

import sys
import unicodedata
from typing import TextIO

from collector.colour import wants_colour
from collector.errors import CollectorError, ConfigError
from collector.redact import redacted
from collector.systemd import stderr_is_journal


def tell(error: CollectorError, stream: TextIO | None = None) -> None:
    """Print an error; colour only on a terminal, and only beside the words."""
    out = sys.stderr if stream is None else stream
    red, cyan, plain = ("\x1b[1;31m", "\x1b[36m", "\x1b[0m") if wants_colour(out) else ("", "", "")
    lines = [f"{red}error:{plain} {_printable(error.message)}"]
    if isinstance(error, ConfigError):
        lines += [f"  {_printable(str(problem))}" for problem in error.problems]
    if error.hint:
        lines.append(f"  {cyan}→{plain} {_printable(error.hint)}")
    if stream is None and stderr_is_journal():
        lines = [f"<3>{line}" for line in lines]  # so that `journalctl -p err` shows it
    print("\n".join(lines), file=out)  # this is the one place that prints errors


def _printable(text: str) -> str:
    """``text`` without secrets, what could steer a terminal written out: errors quote what was given."""
    text = redacted(text)
    if text.isprintable():
        return text
    return "".join(c if c == "\n" or not _steers(c) else c.encode("unicode_escape").decode() for c in text)


def _steers(character: str) -> bool:
    """Whether it is a control, a direction mark, half of a pair or a break of lines."""
    return unicodedata.category(character) in {"Cc", "Cf", "Cs", "Zl", "Zp"}
