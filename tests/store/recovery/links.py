"""A disk on which no file gets a second name."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import NoReturn


def refusing(number: int) -> Callable[..., NoReturn]:
    """What stands for `os.link` there; ``number`` is what the system says, such as EPERM on FAT."""

    def link(*_: object, **__: object) -> NoReturn:
        raise OSError(number, os.strerror(number))

    return link
