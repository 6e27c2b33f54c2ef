"""How a text is built, whatever its language: words, numbers, lines, list items, marks at its ends."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from shared_router.text_features.characters import KIND, letters_of

_WORD = re.compile(f"[{letters_of('latin', 'accented', 'greek', 'cyrillic', 'arabic', 'indic', 'letter')}]+")
# every ASCII character is named: one that is missing costs an exception
_NO_WORD = {code: chr(code) if chr(code).isalpha() else " " for code in range(128)}
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
# a decimal point or an abbreviation's closes no sentence
_SENTENCE_ENDS = (". ", ".\n", "? ", "?\n", "! ", "!\n")
_WIDE_ENDS = "。！？．｡।۔؟…"
# what comes before is looked at last, so that the search may jump from sign to sign
_OPTION = re.compile(r"[).:．、）](?!\S)(?<=[A-Ja-j].)(?<![^\s(\[{（]..)", re.DOTALL)
_NUMBERED = re.compile(r"^[ \t]*\d{1,2}[).:．、）](?!\S)", re.MULTILINE)
_JOINT = re.compile(r"[_.:](?<=[A-Za-z0-9_].)(?=[A-Za-z0-9_])", re.DOTALL)
_CALL = re.compile(r"\((?<=[A-Za-z0-9_].)", re.DOTALL)
_ESCAPE = re.compile(r"\\[A-Za-z]")
_BULLETS = ("- ", "* ", "• ", "· ")

_LONG_WORD = 8
_LONG_NUMBER = 3
_WORDS_PER_CHAR = {"han": 1 / 2, "kana": 1 / 3, "hangul": 1 / 3}
"""Scripts that write words without spaces, or long ones: what part of a word a character passes for."""

COUNTS = (
    *("words", "longest_word", "numbers", "long_numbers", "longest_number", "decimals", "lines"),
    *("longest_line", "blank_lines", "indented_lines", "bullets", "sentences", "chars_per_sentence"),
    *("question_marks", "exclamation_marks", "points_inside", "options", "numbered_items", "blanks"),
    *("fences", "escapes", "addresses", "joined_names", "calls"),
)
"""What is counted; how many is given as its logarithm."""

SHARES = (
    *("letters_per_word", "long_word_share", "single_letter_share", "capitalised_share"),
    *("all_capitals_share", "capitals_share", "starts_with_capital", "ends_with_question"),
    *("ends_with_stop", "ends_with_colon", "ends_without_mark"),
)
"""What is given as it is."""


def structure(text: str, kinds: Sequence[int], capitals: int) -> tuple[list[float], list[float]]:
    """Return a text's `COUNTS` and its `SHARES`.

    Args:
        text: Cleaned, without blanks around it.
        kinds: How many characters of each kind it has.
        capitals: How many of them are capitals.
    """
    n_words, longest_word, shares = _words(text, kinds)
    points = kinds[KIND["stop"]] + kinds[KIND["exclamation"]] + kinds[KIND["question"]]
    sentences = _sentences(text) if points else 0
    counts = [
        *(n_words, longest_word),
        *(_numbers(text) if kinds[KIND["digit"]] else (0.0, 0.0, 0.0, 0.0)),
        *_lines(text),
        *(sentences, len(text) / max(sentences, 1)),
        *(kinds[KIND["question"]], kinds[KIND["exclamation"]], max(points - sentences, 0)),
        *_signs(text, has_digits=bool(kinds[KIND["digit"]])),
    ]
    return counts, [*shares, capitals / max(len(text), 1), *_ends(text)]


def _words(text: str, kinds: Sequence[int]) -> tuple[float, int, list[float]]:
    """Return how many words there are, the longest one's letters, and shares of the words by their form."""
    words = text.translate(_NO_WORD).split() if text.isascii() else _WORD.findall(text)
    unspaced = sum(kinds[KIND[name]] * share for name, share in _WORDS_PER_CHAR.items())
    n_words = len(words) + unspaced
    over = 1 / max(n_words, 1)
    words.sort(key=len)
    lengths = [*map(len, words)]
    singles = bisect_right(lengths, 1)
    shouted = sum(map(str.isupper, words[singles:]))
    letters = sum(kinds[KIND["latin"] : KIND["letter"] + 1])
    found = (letters, len(lengths) - bisect_left(lengths, _LONG_WORD), singles, sum(map(str.istitle, words)))
    return n_words, lengths[-1] if lengths else 0, [each * over for each in (*found, shouted)]


def _numbers(text: str) -> tuple[float, float, float, float]:
    numbers = _NUMBER.findall(text)
    parts = [part for number in numbers for part in number.replace(",", ".").split(".")]
    lengths = [len(part) for part in parts]
    long = len([length for length in lengths if length >= _LONG_NUMBER])
    return len(parts), long, max(lengths, default=0), len(parts) - len(numbers)


def _sentences(text: str) -> int:
    ends = sum(map(text.count, _SENTENCE_ENDS)) + text.endswith((".", "?", "!"))
    return ends if text.isascii() else ends + sum(map(text.count, _WIDE_ENDS))


def _lines(text: str) -> tuple[float, float, float, float, float]:
    lines = text.splitlines()
    if len(lines) == 1:
        return 1, len(text), 0, 0, text.startswith(_BULLETS)
    written = [line for line in lines if line]
    indented = len([line for line in written if line[0] in " \t"])
    bullets = len([line for line in written if line.lstrip().startswith(_BULLETS)])
    return len(written), max(map(len, written), default=0), len(lines) - len(written), indented, bullets


def _signs(text: str, *, has_digits: bool) -> tuple[int, ...]:
    """Count options such as `A)`, `(b)` or `C.`, list items, blanks to be filled, and what is code."""
    return (
        len(_OPTION.findall(text)),
        len(_NUMBERED.findall(text)) if has_digits else 0,
        text.count("__"),
        text.count("```"),
        len(_ESCAPE.findall(text)) if "\\" in text else 0,
        text.count("//"),
        len(_JOINT.findall(text)),
        len(_CALL.findall(text)) if "(" in text else 0,
    )


def _ends(text: str) -> tuple[float, ...]:
    """Look at the first character of a text and at the last."""
    last = text[-1:]
    question, stop, colon = last in _QUESTIONS, last in _STOPS, last in _COLONS
    other = not (question or stop or colon or last in _EXCLAMATIONS)
    return float(text[:1].isupper()), float(question), float(stop), float(colon), float(other)


_QUESTIONS, _STOPS, _COLONS = frozenset("?？؟"), frozenset(".。．…।۔｡"), frozenset(":：")
_EXCLAMATIONS = frozenset("!！")
