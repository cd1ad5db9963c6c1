"""Where the daemon begins: what is set up once a process, before and after `collector.daemon`.

The command line's libraries (click, rich) stay out of this process: they would cost 8 MB for ever.
"""

from __future__ import annotations

import faulthandler
import gc
import os
from pathlib import Path

from collector import log
from collector.config import checked
from collector.daemon import Daemon
from collector.errors import CollectorError
from collector.tell import tell


def arguments(argv: list[str]) -> tuple[Path | None] | None:
    """The config named by a plain ``run [--config F]``; None for anything that click should read."""
    match argv:
        case ["run"]:
            return (None,)
        case ["run", "--config", path]:
            return (Path(path),)
        case ["run", option] if option.startswith("--config="):
            return (Path(option.removeprefix("--config=")),)
    return None


def run(config: Path | None) -> int:
    """Record until told to stop; returns the exit status."""
    umask = os.umask(0o077)  # the record is for this user alone
    faulthandler.enable()  # systemd ends a hung service with SIGABRT: then every stack is in the log

    try:
        first = checked(config)
        log.configure(first.log.level)
        daemon = Daemon(first, lambda: checked(config), umask)
        gc.freeze()  # what is imported by now stays for ever: no need to look at it again
        daemon.run()
    except CollectorError as error:
        tell(error)
        return error.exit_code
    # The log has said what could not be written.
    return 0 if daemon.drained else 1
