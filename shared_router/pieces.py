"""A text cut into pieces of about a line, at the ends of clauses where it can be.

Short clauses are packed together: a piece counts as much as another, so one made of a single word would give
that word the say of a sentence.
"""

import re
from collections.abc import Sequence
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

LEAST_WORDS = 6
MOST_WORDS = 12

_MAX_WORD_CHARS = 24
_WORD_CHARS = 8
"""Of a longer run without spaces, such as Chinese or an address, as many characters count as a word."""

_RUN_CHARS = LEAST_WORDS * _WORD_CHARS
_RUNS = bytes(ord(" " if chr(code).isspace() else "a") for code in range(256))
_LONG_RUN = b"a" * (_MAX_WORD_CHARS + 1)
_ASCII_ENDS = ".?!;:"
_CLAUSE_ENDS = frozenset(f"{_ASCII_ENDS}。？！；：，")
_CLAUSE_END = re.compile(f"([{''.join(_CLAUSE_ENDS)}])\\s")
_BEYOND_ASCII = re.compile(f"[^\\S\x00-\x7f]|[{''.join(_CLAUSE_ENDS.difference(_ASCII_ENDS))}]")
_MARK, _BLANK, _BREAK = 1, 2, 3
_KINDS = bytes(
    _BREAK if chr(code) in "\n\r\x0b\x0c\x1c\x1d\x1e"
    else _BLANK if chr(code).isspace()
    else _MARK if chr(code) in _ASCII_ENDS
    else 0
    for code in range(128)
).ljust(256, b"\0")  # fmt: skip
_BROKEN = tuple((f"{end} ", f"{end}\n") for end in _ASCII_ENDS)


def pieces_of(text: str) -> list[str]:
    """Cut a text into pieces of `LEAST_WORDS` to `MOST_WORDS` words.

    Args:
        text: Any string.

    Returns:
        The pieces in order, holding every word. None is empty, and the last may be shorter. A text without
        a word has none.
    """
    return [" ".join(piece) for piece in words_of_pieces(text)]


def words_of_pieces(text: str) -> list[list[str]]:
    """Return the words of each piece that `pieces_of` cuts a text into."""
    if _has_long_run(text):  # seldom
        return _with_long_runs(text)
    pieces: list[list[str]] = []
    piece: list[str] = []
    for clause in _clauses(text):
        piece += clause.split()
        while len(piece) > MOST_WORDS:
            pieces.append(piece[:MOST_WORDS])
            piece = piece[MOST_WORDS:]
        if len(piece) >= LEAST_WORDS:
            pieces.append(piece)
            piece = []
    if piece:
        pieces.append(piece)
    return pieces


def is_plain(text: str) -> bool:
    """Say whether `ends_of_pieces` can cut a text.

    It has words, none of them long, and beyond ASCII neither white space nor what ends a clause.
    """
    if not text or text.isspace() or not (text.isascii() or _BEYOND_ASCII.search(text) is None):
        return False
    return not _has_long_run(text)


def ends_of_pieces(texts: Sequence[str]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return where the pieces of plain texts end, as `pieces_of` cuts each, in few passes over them all.

    Args:
        texts: At least one.

    Returns:
        The number of words, of all the texts', up to the end of each piece; and the number of pieces, of all
        the texts', up to the end of each text.
    """
    encoded = [text.encode() for text in texts]
    kinds = np.frombuffer(b"\n".join([b"", *encoded, b""]).translate(_KINDS), np.uint8)
    of_word = kinds < _BLANK
    changes = np.flatnonzero(of_word[1:] != of_word[:-1])
    last = changes[1::2]  # each word's last character
    closed = kinds[last] == _MARK
    closed[np.searchsorted(last, np.flatnonzero(kinds == _BREAK)) - 1] = True
    clauses = np.flatnonzero(closed) + 1
    n_words = np.searchsorted(last, [*accumulate(len(text) + 1 for text in encoded)])
    at_end = np.zeros(len(last) + 1, dtype=bool)
    at_end[n_words] = True
    ends: list[int] = []
    begun = 0
    for end, is_last in zip(clauses.tolist(), at_end[clauses].tolist(), strict=True):
        while end - begun > MOST_WORDS:
            begun += MOST_WORDS
            ends.append(begun)
        if is_last or end - begun >= LEAST_WORDS:
            begun = end
            ends.append(begun)
    pieces = np.array(ends)
    return pieces, np.searchsorted(pieces, n_words, side="right")


def _has_long_run(text: str) -> bool:
    if text.isascii():
        return _LONG_RUN in text.encode().translate(_RUNS)
    return max(map(len, text.split()), default=0) > _MAX_WORD_CHARS


def _clauses(text: str) -> list[str]:
    """Cut a text behind each clause, at white space, and at each line's end."""
    if text.isascii() and "\t" not in text and "\x1f" not in text:
        for end, broken in _BROKEN:  # five passes in C cost less than one of a pattern
            text = text.replace(end, broken)
    else:
        text = _CLAUSE_END.sub("\\1\n", text)
    return text.splitlines()


def _with_long_runs(text: str) -> list[list[str]]:
    """Return what `words_of_pieces` does, of a text whose words do not all count as one."""
    pieces: list[list[str]] = []
    piece: list[str] = []
    length = 0
    for line in text.splitlines():
        for word in _words(line):
            piece.append(word)
            length += 1 if len(word) <= _MAX_WORD_CHARS else len(word) // _WORD_CHARS
            if length >= LEAST_WORDS and (word[-1] in _CLAUSE_ENDS or length >= MOST_WORDS):
                pieces.append(piece)
                piece, length = [], 0
        if length >= LEAST_WORDS:
            pieces.append(piece)
            piece, length = [], 0
    return [*pieces, piece] if piece else pieces


def _words(line: str) -> list[str]:
    words = line.split()
    # a run in ASCII is one word or an address, and is spelled as a whole
    if line.isascii() or all(len(word) <= _MAX_WORD_CHARS for word in words):
        return words
    return [word[start : start + _RUN_CHARS] for word in words for start in range(0, len(word), _RUN_CHARS)]
