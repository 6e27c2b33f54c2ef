"""How a text is built, whatever its language: words, numbers, lines, list items, marks at its ends."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from shared_router.text_features.characters import KIND, Characters, Flag
from shared_router.text_features.tally import Tally

Floats = NDArray[np.float64]
Marks = NDArray[np.bool_]
Places = NDArray[np.intp]

_LONG_WORD = 8
_LONG_NUMBER = 3
_WORDS_PER_CHAR = {"han": 1 / 2, "kana": 1 / 3, "hangul": 1 / 3}
"""Scripts that write words without spaces, or long ones: what part of a word a character passes for."""

_COUNTS = (
    *("numbers", "long_numbers", "decimals", "lines", "blank_lines", "indented_lines", "sentences"),
    *("options", "numbered_items", "bullets", "blanks", "fences", "escapes", "addresses", "joined_names"),
    "calls",
)
_DOUBLED = {"blanks": "_", "fences": "`", "addresses": "/"}
STRUCTURE = (
    *("log_words", "letters_per_word", "long_word_share", "capitalised_share", "all_capitals_share"),
    *("single_letter_share", "capitals_share", "log_longest_word", "log_longest_number", "log_longest_line"),
    *("log_chars_per_sentence", "log_question_marks", "log_exclamation_marks", "log_points_inside"),
    *(f"log_{name}" for name in _COUNTS),
    *("starts_with_capital", "ends_with_question", "ends_with_stop", "ends_with_colon", "ends_without_mark"),
)
"""The columns of `structure`."""


def structure(characters: Characters, by_kind: Floats) -> Floats:
    """Return the columns of `STRUCTURE`.

    Args:
        characters: n texts.
        by_kind: Their characters of each kind, shape (n, kinds).

    Returns:
        Shape (n, `len(STRUCTURE)`).
    """
    tally = Tally(characters.owners, characters.n)
    longest = [_words(characters, tally), _numbers(characters, tally), _lines(characters, tally)]
    _items(characters, tally)
    _signs(characters, tally)
    count = tally.counts(_COUNTS)
    unspaced = sum(by_kind[:, KIND[name]] * share for name, share in _WORDS_PER_CHAR.items())
    words = count["spaced_words"] + unspaced
    over = 1 / np.maximum(words, 1.0)
    n_chars = by_kind.sum(axis=1)
    ends = by_kind[:, [KIND["stop"], KIND["exclamation"], KIND["question"]]]
    columns = [
        np.log1p(words),
        by_kind[:, KIND["latin"] : KIND["letter"] + 1].sum(axis=1) * over,
        *(count[name] * over for name in ("long_words", "capitalised", "all_capitals", "single_letters")),
        count["capitals"] / np.maximum(n_chars, 1.0),
        *(np.log1p(found) for found in longest),
        np.log1p(n_chars / np.maximum(count["sentences"], 1.0)),
        np.log1p(ends[:, 2]),
        np.log1p(ends[:, 1]),
        np.log1p(np.maximum(ends.sum(axis=1) - count["sentences"], 0.0)),
        *(np.log1p(count[name]) for name in _COUNTS),
        *_ends(characters),
    ]
    return np.stack(columns, axis=1)


def _words(characters: Characters, tally: Tally) -> Floats:
    """Count words by their form, and return the longest of each text."""
    starts, lengths = _runs(characters.has(Flag.LETTER))
    capital = characters.has(Flag.CAPITAL)
    before = np.concatenate([[0], np.cumsum(capital)])
    capitals = before.take(starts + lengths) - before.take(starts)
    spaced = (characters.flags.take(starts) & Flag.UNSPACED) == 0
    tally.mark("capitals", capital)
    tally.at("spaced_words", starts[spaced])
    tally.at("long_words", starts[spaced & (lengths >= _LONG_WORD)])
    tally.at("single_letters", starts[spaced & (lengths == 1)])
    tally.at("capitalised", starts[(capitals == 1) & capital.take(starts)])
    tally.at("all_capitals", starts[(capitals == lengths) & (lengths > 1)])
    return _longest(characters, starts, lengths * spaced)


def _numbers(characters: Characters, tally: Tally) -> Floats:
    digits = characters.is_kind("digit")
    starts, lengths = _runs(digits)
    tally.at("numbers", starts)
    tally.at("long_numbers", starts[lengths >= _LONG_NUMBER])
    middle = characters.codes[1:-1]
    points = (middle == ord(".")) | (middle == ord(","))
    tally.mark("decimals", digits[:-2] & points & digits[2:], offset=1)
    return _longest(characters, starts, lengths)


def _lines(characters: Characters, tally: Tally) -> Floats:
    breaks = characters.is_kind("newline")
    starts, lengths = _runs(~breaks)
    tally.at("lines", starts)
    tally.at("indented_lines", starts[characters.kinds.take(starts) == KIND["space"]])
    here, goes_on = characters.owners[2:-2], characters.owners[4:]
    tally.mark("blank_lines", breaks[2:-2] & breaks[3:-1] & (here == goes_on), offset=2)
    closed = characters.has(Flag.ENDS_SENTENCE)
    # a decimal point or an abbreviation's closes no sentence
    closed[:-1] &= characters.has(Flag.BLANK)[1:] | characters.has(Flag.ENDS_WIDE)[:-1]
    tally.mark("sentences", closed)
    return _longest(characters, starts, lengths)


def _items(characters: Characters, tally: Tally) -> None:
    """Count options such as `A)`, `(b)` or `C.`, list items, and names such as `a.b` or `a_b`."""
    codes, kinds, flags = characters.codes, characters.kinds, characters.flags
    after = codes[2:-1]
    before_kind, after_flags = kinds[:-3], flags[2:-1]
    at_line_start = before_kind == KIND["newline"]
    marked = (after_flags & Flag.AFTER_OPTION != 0) & (flags[3:] & Flag.BLANK != 0)
    outside = at_line_start | (before_kind == KIND["space"]) | (before_kind == KIND["opening"])
    tally.mark("options", outside & (flags[1:-2] & Flag.OPTION != 0) & marked, offset=1)
    tally.mark("numbered_items", at_line_start & (kinds[1:-2] == KIND["digit"]) & marked, offset=1)
    bullets = at_line_start & (flags[1:-2] & Flag.BULLET != 0) & (after == ord(" "))
    tally.mark("bullets", bullets, offset=1)
    joints = (flags[1:-2] & Flag.JOINT != 0) & (flags[:-3] & Flag.NAME != 0) & (after_flags & Flag.NAME != 0)
    tally.mark("joined_names", joints, offset=1)


def _signs(characters: Characters, tally: Tally) -> None:
    """Count blanks to be filled, code fences, LaTeX's commands, addresses and calls, where there are any."""
    codes, kinds = characters.codes, characters.kinds
    for name, sign in _DOUBLED.items():
        if sign * 2 in characters.joined:
            tally.mark(name, (codes[1:] == ord(sign)) & (codes[:-1] == ord(sign)))
    if "\\" in characters.joined:
        tally.mark("escapes", (codes[:-1] == ord("\\")) & (kinds[1:] == KIND["latin"]))
    if "(" in characters.joined:
        tally.mark("calls", (codes[1:] == ord("(")) & characters.has(Flag.NAME)[:-1])


def _ends(characters: Characters) -> list[Floats]:
    """Look at the first character and the last of each text, blanks aside."""
    places = np.flatnonzero(characters.flags & Flag.BLANK == 0)
    owners = characters.owners.take(places)
    first, last = np.full(characters.n, -1), np.full(characters.n, -1)  # the last break, where all is blank
    last[owners] = places
    first[owners[::-1]] = places[::-1]
    closing = characters.kinds.take(last)
    question, stop, colon = (closing == KIND[name] for name in ("question", "stop", "colon"))
    other = ~(question | stop | colon | (closing == KIND["exclamation"]))
    starts = characters.flags.take(first) & Flag.CAPITAL != 0
    return [marks.astype(np.float64) for marks in (starts, question, stop, colon, other)]


def _runs(marks: Marks) -> tuple[Places, Places]:
    """Return where runs of marked characters start, and how long they are; the ends are never marked."""
    edges = np.flatnonzero(marks[1:] != marks[:-1]) + 1
    return edges[::2], edges[1::2] - edges[::2]


def _longest(characters: Characters, starts: Places, lengths: Places) -> Floats:
    longest = np.zeros(characters.n)
    np.maximum.at(longest, characters.owners.take(starts), lengths)
    return longest
