"""Keys and tokens that are known by how they look."""

from __future__ import annotations

import re

from collector.redact.pieces import Rules, each

# What keys and tokens of well-known makers begin with, and what follows.
_SHAPES = {
    "eyJ": r"[\w-]{8,}(?:\.[\w-]*)*", **{f"gh{kind}_": r"\w{16,}" for kind in "oprsu"},
    "github_pat_": r"\w{16,}", "glpat-": r"[\w.-]{16,}",
    "xox": r"[a-z]-[\w-]{8,}", "AKIA": "[0-9A-Z]{16}", "ASIA": "[0-9A-Z]{16}", "AIza": r"[\w-]{30,}",
    "sk-": r"(?!ecdsa|ssh)[\w-]{20,}", "sk_": r"\w{20,}", "rk_": r"\w{20,}", "npm_": r"\w{30,}",
    "pypi-": r"[\w-]{30,}", "hf_": r"\w{30,}", "hvs.": r"[\w-]{20,}", "SG.": r"[\w-]{16,}\.[\w-]{16,}",
}  # fmt: skip
_SHAPED = re.compile(
    "|".join(rf"{re.escape(mark)}(?<![A-Za-z0-9]{re.escape(mark)}){rest}" for mark, rest in _SHAPES.items())
)
_PEM = re.compile(r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY.*?(?:-----END [A-Z ]{0,40}PRIVATE KEY|\Z)", re.DOTALL)
RULES: Rules = (
    (each(_SHAPED, 0), tuple(mark.lower() for mark in _SHAPES)),
    (each(_PEM, 0), ("private key",)),
)
