"""Characters by kind: letters by script, digits, signs by their use."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

KINDS = (
    "other",
    "latin",
    "accented",
    "greek",
    "cyrillic",
    "arabic",
    "indic",
    "kana",
    "han",
    "hangul",
    "letter",
    "digit",
    "space",
    "newline",
    "comma",
    "stop",
    "exclamation",
    "question",
    "colon",
    "quote",
    "opening",
    "closing",
    "operator",
    "dash",
    "formula",
    "code",
    "symbol",
)
"""`arabic` holds Hebrew too, `indic` all scripts from Devanagari to Khmer, `letter` all that are left."""

KIND = {name: place for place, name in enumerate(KINDS)}

_SIGNS = {
    "space": " \t\u00a0\u2000\u2001\u2002\u2003\u2009\u202f\u3000",
    "newline": "\n\r\u2028\u2029",
    "comma": ",،、，",
    "stop": ".。．…।۔｡",
    "exclamation": "!！¡",
    "question": "?？؟¿\u037e",
    "colon": ":;：；؛",
    "quote": "\"'`´«»‘’“”„‹›「」『』",
    "opening": "([{（［｛【《",
    "closing": ")]}）］｝】》",
    "operator": "+*/=<>^%|&~±×÷≠≤≥≈∈∉∀∃∑∏∫√∞∂∇→←⇒⇔∧∨¬°",
    "dash": "-‐‑–—−",
    "formula": "\\$",
    "code": "_#@",
}
_RANGES = (
    (0x00C0, 0x0250, "accented"),
    (0x0250, 0x0300, "letter"),
    (0x0300, 0x0370, "accented"),
    (0x0370, 0x0400, "greek"),
    (0x0400, 0x0530, "cyrillic"),
    (0x0530, 0x0590, "letter"),
    (0x0590, 0x0780, "arabic"),
    (0x0780, 0x0900, "letter"),
    (0x0900, 0x0E00, "indic"),
    (0x0E00, 0x0FD0, "indic"),
    (0x1000, 0x10A0, "indic"),
    (0x10A0, 0x1100, "letter"),
    (0x1100, 0x1200, "hangul"),
    (0x1200, 0x1780, "letter"),
    (0x1780, 0x1800, "indic"),
    (0x1800, 0x1E00, "letter"),
    (0x1E00, 0x1F00, "accented"),
    (0x1F00, 0x2000, "greek"),
    (0x2100, 0x2C00, "symbol"),
    (0x3040, 0x3100, "kana"),
    (0x31F0, 0x3200, "kana"),
    (0x3400, 0xA000, "han"),
    (0xAC00, 0xD7B0, "hangul"),
    (0xF900, 0xFB00, "han"),
    (0xFB50, 0xFE00, "arabic"),
    (0xFE70, 0xFF00, "arabic"),
    (0xFF66, 0xFFA0, "kana"),
    (0x1F000, 0x1FB00, "symbol"),
    (0x20000, 0x32000, "han"),
)
_DIGITS = (0x30, 0x660, 0x6F0, 0x966, 0xFF10)
"""The zeros of the decimal digits that are counted as such."""

_LAST = 0x32000
_LAST_CAPITAL = 0x2000


def count_kinds(text: str) -> tuple[list[int], int]:
    """Return how many characters of each kind a text without lone surrogates has, and how many capitals."""
    codes = np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32)
    known = codes if text.isascii() else np.minimum(codes, _LAST)
    counts = np.bincount(_table().take(known), minlength=2 * len(KINDS)).tolist()
    capitals = counts[len(KINDS) :]
    return [small + large for small, large in zip(counts, capitals, strict=False)], sum(capitals)


def letters_of(*kinds: str) -> str:
    """Return a regular expression's class of the letters of these kinds, without its brackets."""
    ranges = [(start, stop) for start, stop, kind in _RANGES if kind in kinds]
    if "latin" in kinds:
        ranges += [(0x41, 0x5B), (0x61, 0x7B)]
    return "".join(f"{chr(start)}-{chr(stop - 1)}" for start, stop in ranges)


@cache
def _table() -> NDArray[np.uint8]:
    """Return the kind of every code point, further on by all kinds for a capital; the last for all beyond."""
    table = np.zeros(_LAST + 1, dtype=np.uint8)
    for start, stop, name in _RANGES:
        table[start:stop] = KIND[name]
    for start in (0x41, 0x61):
        table[start : start + 26] = KIND["latin"]
    for zero in _DIGITS:
        table[zero : zero + 10] = KIND["digit"]
    for name, signs in _SIGNS.items():
        table[[ord(sign) for sign in signs]] = KIND[name]
    table[[code for code in range(_LAST_CAPITAL) if chr(code).isupper()]] += len(KINDS)
    return table
