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
    final = _final_part(said)
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


def _final_part(said: str) -> str | None:
    """Return where the result stands: behind the last word that announces it, or a short last line."""
    marked = _MARKED.findall(said)
    if marked:
        return str(marked[-1])
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return lines[-1] if lines and len(lines[-1]) <= _SHORT else None


def _last_number(final: str) -> str | None:
    every = list(_NUMBER.finditer(final))
    if not every:
        return None
    found = every[-1]
    value = float(found[1].replace(",", ""))
    return f"{-value if _NEGATIVE.match(found[0]) else value:.10g}"
