"""The form of a text at a glance: seventeen of its features, in a tenth of the time that all of them take.

Every character is counted once, by its byte in UTF-8: a bulk operation, where `text_features` looks at words
and lines too. Marks beyond ASCII count as what they are in ASCII. Shares are of the characters.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from math import log1p

import numpy as np
from numpy.typing import NDArray

_MARKS = {
    "digit": "0123456789",
    "capital": "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "comma": ",",
    "stop": ".",
    "question": "?",
    "exclamation": "!",
    "colon": ":;",
    "quote": "\"'`",
    "bracket": "()[]{}",
    "operator": "+*/=<>^%|&~",
    "dash": "-",
    "formula": "\\$_#@{}",
}
_BEYOND_ASCII = {"comma": "，、،", "stop": "。।۔", "question": "？؟", "exclamation": "！", "colon": "：；؛"}
_BRACES = "{}"
"""The only marks that count twice."""

_COUNTED = ("other", "later_bytes", "wide", "spaces", "breaks", "braces", *_MARKS)
_PLACE = {name: i for i, name in enumerate(_COUNTED)}
_LETTERS_A_WIDE_WORD = 2.5
_LONGEST_WORD = 12.0
_ENDS = "?？؟"
_AT_ONCE = 256
"""How many texts are counted at once: their letters stay in a processor's cache."""

GLANCE_NAMES: tuple[str, ...] = (
    *("log_chars", "log_words", "chars_per_word", "log_breaks"),
    *(f"{name}_share" for name in _MARKS),
    *("wide_share", "asks"),
)
"""What each number of `glance` is: `wide` letters are those of scripts without spaces, as Chinese."""


def glance(text: str) -> NDArray[np.float64]:
    """Return what the form of a text says of it at a glance.

    Args:
        text: What `shared_router.clean` returns, or a part of it.

    Returns:
        Shape (`len(GLANCE_NAMES)`,), finite, each >= 0.
    """
    return np.array(glance_numbers(text))


def glance_numbers(text: str) -> list[float]:
    """Return what `glance` does, as plain numbers: of a single text an array costs more than it saves."""
    content = text.encode(errors="replace")
    kinds = np.frombuffer(content.translate(_kind_of_byte()), np.uint8)
    _, later, wide, spaces, breaks, braces, *marks = np.bincount(kinds, minlength=len(_COUNTED)).tolist()
    if len(content) > len(text):  # not all is ASCII
        for name, beyond in _BEYOND_ASCII.items():
            marks[_PLACE[name] - _FIRST_MARK] += sum(map(text.count, beyond))
    n = len(content) - later
    over = 1 / max(n, 1)
    marks[_BRACKET] += braces
    marks[_FORMULA] += braces
    words = 1 + spaces + breaks + wide / _LETTERS_A_WIDE_WORD
    lengths = (log1p(n), log1p(words), min(n / words, _LONGEST_WORD), log1p(breaks - text.count("\n\n")))
    asks = 1.0 if n and text.rstrip()[-1:] in _ENDS else 0.0
    return [*lengths, *[count * over for count in marks], wide * over, asks]


def glances(texts: Sequence[str]) -> NDArray[np.float64]:
    """Return what `glance` does of n texts, to the bit: shape (n, `len(GLANCE_NAMES)`)."""
    parts = [_glances(texts[start : start + _AT_ONCE]) for start in range(0, len(texts), _AT_ONCE)]
    return np.concatenate(parts) if parts else np.zeros((0, len(GLANCE_NAMES)))


def _glances(texts: Sequence[str]) -> NDArray[np.float64]:
    contents = [text.encode(errors="replace") for text in texts]
    sizes = np.fromiter(map(len, contents), np.intp, len(contents))
    kinds = np.frombuffer(b"".join(contents).translate(_kind_of_byte()), np.uint8)
    places = np.repeat(np.arange(len(texts)) * len(_COUNTED), sizes)
    places += kinds
    counts = np.bincount(places, minlength=len(texts) * len(_COUNTED)).reshape(len(texts), -1)
    for text, content, marks in zip(texts, contents, counts[:, -len(_MARKS) :], strict=True):
        if len(content) > len(text):  # not all is ASCII
            for name, beyond in _BEYOND_ASCII.items():
                marks[_PLACE[name] - _FIRST_MARK] += sum(map(text.count, beyond))
    _, later, wide, spaces, breaks, braces = counts[:, :_FIRST_MARK].T
    n = sizes - later
    over = 1 / np.maximum(n, 1)
    words = 1 + spaces + breaks + wide / _LETTERS_A_WIDE_WORD
    lines = breaks - [text.count("\n\n") for text in texts]
    rows = np.empty((len(texts), len(GLANCE_NAMES)))
    for column, numbers in ((0, n), (1, words), (3, lines)):
        rows[:, column] = [*map(log1p, numbers.tolist())]  # numpy's own rounds in another way
    rows[:, 2] = np.minimum(n / words, _LONGEST_WORD)
    counts[:, _FIRST_MARK + _BRACKET] += braces
    counts[:, _FIRST_MARK + _FORMULA] += braces
    rows[:, 4:-2] = counts[:, _FIRST_MARK:] * over[:, np.newaxis]
    rows[:, -2] = wide * over
    rows[:, -1] = [bool(text) and text.rstrip()[-1:] in _ENDS for text in texts]
    return rows


_FIRST_MARK = len(_COUNTED) - len(_MARKS)
_BRACKET, _FORMULA = (_PLACE[name] - _FIRST_MARK for name in ("bracket", "formula"))


@cache
def _kind_of_byte() -> bytes:
    """Return which of the counts each byte adds to."""
    table = bytearray(256)
    table[0x80:0xC0] = bytes([_PLACE["later_bytes"]]) * 0x40  # of a character's first byte there is one
    table[0xE3:0xEE] = bytes([_PLACE["wide"]]) * 0x0B  # the first byte of kana, Chinese and Korean
    for name, marks in {"spaces": " \t", "breaks": "\n", **_MARKS, "braces": _BRACES}.items():
        for mark in marks:
            table[ord(mark)] = _PLACE[name]
    return bytes(table)
