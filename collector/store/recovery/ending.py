"""Pages and rows that end too early are made such that SQLite reports them, instead of reading zeros there.

So it is with the last page of a file that was cut off. A recorder that runs on may have written that page
since, zeros included; and a long row may go on on a page that is zeros.
"""

from __future__ import annotations

from collector.store.recovery.cells import Node, Unsound, cells, node
from collector.store.recovery.frames import PAGE
from collector.store.recovery.image import MORE_OVERFLOW, OVERFLOW, Image
from collector.store.recovery.trees import sound_node

_NOWHERE = b"\xff" * 4
# Few sound pages end so: their first row stands there.
_ZEROS = bytes(16)


def report(image: Image) -> None:
    """Have SQLite report them."""
    if (torn := image.torn()) is not None and torn not in image.made:
        image.made[torn] = bytes(PAGE)
    for number in range(2, image.end + 1):
        page = image.page(number)
        if page.endswith(_ZEROS) and (found := node(page)) is not None and not _has_rows(found):
            image.made[number] = bytes(PAGE)
    _end_rows(image)


def _has_rows(of: Node) -> bool:
    """Whether there are rows wherever it says so, and no zeros."""
    try:
        return of.is_inner or all(each.size for each in cells(of))
    except Unsound:
        return False


def _end_rows(image: Image) -> None:
    """Those that go on on damaged pages end there with a page that does not exist."""
    for entry in [each for each in image.entries() if each.kind in (OVERFLOW, MORE_OVERFLOW)]:
        if _is_sound_overflow(image, entry.number):
            continue
        page = image.page(entry.parent)
        at = 0 if entry.kind == MORE_OVERFLOW else _where_more(image, entry.parent, entry.number)
        if at is not None and page[at : at + 4] == entry.number.to_bytes(4, "big"):
            image.made[entry.parent] = page[:at] + _NOWHERE + page[at + 4 :]


def _is_sound_overflow(image: Image, number: int) -> bool:
    page = image.page(number)
    following = int.from_bytes(page[:4], "big")
    after = image.entry(following) if following else None
    belongs = after is None or (after.kind, after.parent) == (MORE_OVERFLOW, number)
    return any(page) and following <= image.count and (belongs or not following)


def _where_more(image: Image, number: int, more: int) -> int | None:
    """Where a page points at one on which a row goes on."""
    found = sound_node(image, number)
    try:
        return next((each.more_at for each in cells(found) if each.more == more), None) if found else None
    except Unsound:
        return None
