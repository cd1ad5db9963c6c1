"""Logs with some bytes that are others than the program wrote."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.intake.tails.pieces import in_pieces

_BYTES = (
    *(bytes([byte]) for byte in b"\0\t\n\r \"'\\/-+.,:[]{}#9aE\x80\xff"),
    *(b"\r\n", b"9" * 30, b"9" * 5_000, b"0001-01-01", b"9999-12-31", b"+99:99", b"\\ud800", b"null", b""),
)


def mutated(data: st.DataObject, log: bytes) -> list[bytes]:
    """``log`` in pieces, a few of its bytes replaced."""
    changed = log
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, len(changed)))
        length = data.draw(st.integers(0, 12))
        changed = changed[:at] + data.draw(st.sampled_from(_BYTES)) + changed[at + length :]
    return in_pieces(data, changed + b"\n")
