"""The form of a text at a glance: seventeen of its features, in a tenth of the time that all of them take.

Every character is counted once, by its byte in UTF-8: a bulk operation, where `text_features` looks at words
and lines too. Marks beyond ASCII count as what they are in ASCII. Shares are of the characters.
"""

from __future__ import annotations

from functools import cache

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
_COUNTED = ("characters", "spaces", "breaks", *_MARKS, "wide")
_PLACE = {name: i for i, name in enumerate(_COUNTED)}
_LETTERS_A_WIDE_WORD = 2.5
_LONGEST_WORD = 12.0
_ENDS = "?？؟"

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
    content = np.frombuffer(text.encode(errors="replace"), np.uint8)
    counts = (np.bincount(content, minlength=256) @ _kinds()).tolist()
    if not text.isascii():
        for name, marks in _BEYOND_ASCII.items():
            counts[_PLACE[name]] += sum(map(text.count, marks))
    n, spaces, breaks = counts[:3]
    over = 1 / max(n, 1.0)
    words = 1 + spaces + breaks + counts[-1] / _LETTERS_A_WIDE_WORD
    logs = np.log1p([n, words, breaks - text.count("\n\n")]).tolist()
    shares = [count * over for count in counts[3:]]
    asks = float(text.rstrip()[-1:] in _ENDS) if n else 0.0
    return np.array([logs[0], logs[1], min(n / words, _LONGEST_WORD), logs[2], *shares, asks])


@cache
def _kinds() -> NDArray[np.float64]:
    """Return which counts a byte adds to, shape (256, counts)."""
    table = np.zeros((256, len(_COUNTED)))
    table[:, _PLACE["characters"]] = 1
    table[0x80:0xC0, _PLACE["characters"]] = 0  # a character's later bytes
    table[0xE3:0xEE, _PLACE["wide"]] = 1  # the first byte of kana, Chinese and Korean
    for name, marks in {"spaces": " \t", "breaks": "\n", **_MARKS}.items():
        table[[ord(mark) for mark in marks], _PLACE[name]] = 1
    return table
