"""Texts as one array of characters, each with its kind: letters by script, digits, signs by their use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
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
_PADDING = 2
"""Line breaks before the first text and after the last, so that every character has two neighbours."""


class Flag:
    """What else is known of a character, as bits: what it can be in a list, a name, a sentence."""

    LETTER = 1
    CAPITAL = 2
    ENDS_SENTENCE = 4
    ENDS_WIDE = 8
    """A full stop that no space follows, as in Chinese."""
    BLANK = 16
    OPTION = 32
    """A letter that may name an option."""
    AFTER_OPTION = 64
    BULLET = 128
    UNSPACED = 256
    """A letter of a script that writes words without spaces."""
    NAME = 512
    """A letter, digit or underscore, as a program's names are made of."""
    JOINT = 1024
    """What stands between the parts of a name."""


@dataclass(frozen=True)
class Characters:
    """The characters of n texts, one after the other, with a line break after each and two around all.

    Attributes:
        joined: The text that they make.
        codes: The code points, shape (c,).
        kinds: The kind of each, shape (c,), an index of `KINDS`.
        flags: What else each is, shape (c,), bits of `Flag`.
        owners: Which text each belongs to, shape (c,).
        n: How many texts there are, >= 1.
    """

    joined: str = field(repr=False)
    codes: NDArray[np.uint32]
    kinds: NDArray[np.uint8]
    flags: NDArray[np.uint16]
    owners: NDArray[np.intp]
    n: int

    @classmethod
    def of(cls, texts: Sequence[str]) -> Characters:
        """Lay out texts without lone surrogates."""
        joined = "\n".join(["\n", *texts, "\n"])
        codes = np.frombuffer(joined.encode("utf-32-le"), dtype=np.uint32)
        lengths = [len(text) + 1 for text in texts]
        lengths[0] += _PADDING
        lengths[-1] += _PADDING - 1
        owners = np.repeat(np.arange(len(texts)), lengths)
        known = np.minimum(codes, _LAST)
        return cls(joined, codes, _kinds().take(known), _flags().take(known), owners, len(texts))

    def by_kind(self) -> NDArray[np.float64]:
        """Return each text's characters of each kind, shape (n, kinds)."""
        flat = self.owners * len(KINDS) + self.kinds
        counts = np.bincount(flat, minlength=self.n * len(KINDS)).reshape(self.n, len(KINDS))
        counts[:, KIND["newline"]] -= 1
        counts[0, KIND["newline"]] -= _PADDING
        counts[-1, KIND["newline"]] -= _PADDING - 1
        return counts.astype(np.float64)

    def has(self, flag: int) -> NDArray[np.bool_]:
        """Mark the characters that have one of the flags."""
        marked: NDArray[np.bool_] = (self.flags & flag) != 0
        return marked

    def is_kind(self, name: str) -> NDArray[np.bool_]:
        """Mark the characters of one kind."""
        marked: NDArray[np.bool_] = self.kinds == KIND[name]
        return marked


@cache
def _kinds() -> NDArray[np.uint8]:
    """Return the kind of every code point; the last stands for all beyond."""
    table = np.zeros(_LAST + 1, dtype=np.uint8)
    for start, stop, name in _RANGES:
        table[start:stop] = KIND[name]
    for start in (0x41, 0x61):
        table[start : start + 26] = KIND["latin"]
    for zero in _DIGITS:
        table[zero : zero + 10] = KIND["digit"]
    for name, signs in _SIGNS.items():
        table[[ord(sign) for sign in signs]] = KIND[name]
    return table


@cache
def _flags() -> NDArray[np.uint16]:
    """Return the flags of every code point; the last stands for all beyond."""
    kinds = _kinds()
    table = np.zeros(len(kinds), dtype=np.uint16)

    def give(flag: int, codes: Sequence[int] | NDArray[np.bool_]) -> None:
        table[codes] |= np.uint16(flag)

    def of(*names: str) -> NDArray[np.bool_]:
        return np.isin(kinds, [KIND[name] for name in names])

    give(Flag.LETTER, (kinds >= KIND["latin"]) & (kinds <= KIND["letter"]))
    give(Flag.CAPITAL, [code for code in range(_LAST_CAPITAL) if chr(code).isupper()])
    give(Flag.ENDS_SENTENCE, of("stop", "exclamation", "question"))
    give(Flag.ENDS_WIDE, of("stop", "exclamation", "question") & (np.arange(len(kinds)) > _LAST_CAPITAL))
    give(Flag.BLANK, of("space", "newline"))
    give(Flag.OPTION, [ord(letter) for letter in "abcdefghijABCDEFGHIJ"])
    give(Flag.AFTER_OPTION, [ord(sign) for sign in ").:．、）"])
    give(Flag.BULLET, [ord(sign) for sign in "-*•·"])
    give(Flag.UNSPACED, of("han", "kana", "hangul"))
    give(Flag.NAME, of("latin", "digit") | (np.arange(len(kinds)) == ord("_")))
    give(Flag.JOINT, [ord(sign) for sign in "_.:"])
    return table
