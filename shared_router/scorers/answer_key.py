"""When two answers are the same answer: the result that an answer comes to, in one way of writing it."""

from __future__ import annotations

import json
import re

from shared_router.scorers.own_praise import without_own_praise
from shared_router.text import clean

_MARKED = re.compile(
    r"(?:####|\\boxed\{|\b(?:final |correct )?answer(?: is|:| would be)|\bresult is)[\s:*$]*([^\n]{1,120})",
    re.IGNORECASE,
)
_DATE = re.compile(r"(?<!\d)\d{1,4}[/.-]\d{1,2}[/.-]\d{1,4}(?!\d)")
_NUMBER = re.compile(r"(?<![\w.])[-−]?\s?[$€£]?\s?(\d[\d,]*(?:\.\d+)?|\.\d+)")
_NEGATIVE = re.compile(r"[-−]")
_OPTIONS = re.compile(r"(?:^|\s)\(?([A-J])[).:]\s")
_OPTION = re.compile(r"\(?\b([A-J])\b\)?(?![a-z'])")
_WORD = re.compile(r"\w+")
_ARTICLES = frozenset({"a", "an", "the", "it", "is", "its", "s"})
_VERDICTS = frozenset(
    {
        *("absolutely", "accurate", "answer", "certain", "certainly", "confident", "correct", "definitely"),
        *("final", "my", "perfect", "result", "right", "sure", "that", "this", "verified"),
    }
)
"""Words of a claim to be right."""
_ANNOUNCED = re.compile(
    r"(?:####|\\boxed\{|\b(?:final |correct )?answer(?: is|:| would be)|\bresult is)[\s:*$]*$",
    re.IGNORECASE | re.MULTILINE,
)
_SHORT = 60
_FEW_WORDS = 6


def answer_key(question: str, answer: str) -> str | None:
    """Return what an answer comes to, so that answers of one key are one answer.

    JSON is compared by its value; an option by its letter where the question offers options; a date, a number
    or a few words as they are, up to writing. What an answer says of itself counts for nothing.

    Args:
        question: The user's question.
        answer: A model's answer.

    Returns:
        The key; None for prose without a result, which only its meaning can compare.
    """
    said = without_own_praise(clean(answer)).strip()
    parsed = _as_json(said)
    if parsed is not None:
        return parsed
    final = _final_part(said, question)
    if final is None:
        return None
    options = set(_OPTIONS.findall(question))
    if len(options) > 1:
        named = [letter for letter in _OPTION.findall(final) if letter in options]
        if named:
            return str(named[-1])
    dates = _DATE.findall(final)
    if dates:
        return str(dates[-1])
    number = _last_number(final)
    if number is not None:
        return number
    words = [word for word in map(str.lower, _WORD.findall(final)) if word not in _ARTICLES]
    return " ".join(words) if 0 < len(words) <= _FEW_WORDS else None


def _as_json(said: str) -> str | None:
    if said[:1] not in ("{", "["):
        return None
    try:
        return json.dumps(json.loads(said), sort_keys=True)
    except (ValueError, RecursionError):
        return None


def says_something(answer: str) -> bool:
    """Tell whether an answer holds a word beside what it says of itself."""
    return _WORD.search(without_own_praise(clean(answer))) is not None


def last_numbers(answer: str) -> frozenset[str]:
    """Return the numbers of the last line that holds any: prose of other numbers is another answer."""
    for line in reversed(clean(answer).splitlines()):
        found = frozenset(_normal(each) for each in _NUMBER.finditer(line))
        if found:
            return found
    return frozenset()


def _final_part(said: str, question: str) -> str | None:
    """Return where the result stands: behind the last word that announces it, or a short last line.

    What says nothing, or only that it is right where the question does not ask for that, is no result.
    """
    judged = _VERDICTS - {word.lower() for word in _WORD.findall(question)}
    marked = [found for found in _MARKED.findall(said) if _is_result(found, judged)]
    if marked:
        return str(marked[-1])
    unmarked = _ANNOUNCED.sub("", said)
    lines = [line.strip() for line in unmarked.splitlines() if _is_result(line, judged)]
    return lines[-1] if lines and len(lines[-1]) <= _SHORT else None


def _is_result(part: str, judged: frozenset[str]) -> bool:
    words = {word.lower() for word in _WORD.findall(part)}
    return bool(words - judged - _ARTICLES) or bool(words and not words & judged)


def _last_number(final: str) -> str | None:
    every = list(_NUMBER.finditer(final))
    if not every:
        return None
    return _normal(every[-1])


def _normal(found: re.Match[str]) -> str:
    value = float(found[1].replace(",", ""))
    return f"{-value if _NEGATIVE.match(found[0]) else value:.10g}"
