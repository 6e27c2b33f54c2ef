"""What a reader finds in one row: a prompt, or one model's answer to it, or both."""

from __future__ import annotations

import ast
import json
import math
import re
import warnings
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from numbers import Real
from typing import Any

from shared_router.messages import PlainMessage
from shared_router.records.files import Head, Row
from shared_router.records.measures import Measure


@dataclass(slots=True)
class Record:
    """One model's answer to one prompt, as far as one row holds it.

    Attributes:
        prompt: The text that is routed; None where another row with the same key holds it.
        model: Who answered; None where the row holds a prompt alone, or a grade for the one answer that
            has the key.
        key: Rows with equal keys are of one prompt, in all files of a format; None makes the row a prompt of
            its own. Text, a number, or a tuple of such.
        values: What was measured.
        scores: Scores by their name, where a log may hold several kinds.
        answer: What the model answered.
        samples: Further answers of the same model.
        sample_scores: The grades that the score is the mean of, where the row says.
        domain: What the prompt is about.
        conversation: The conversation or agent run it belongs to.
        time: When it was asked, seconds since 1970.
        currency: What `dollars` is in, where the row says so.
        one_prompt: Whether another text under the same key is another prompt, to be left out; False where a
            benchmark may write one prompt in each model's own template.
        of_first_answer: Of a grade in a row of its own: whether it is of the first of several answers with
            the key, such as the one that a user got; else of the only one.
        reference: The right answer, where a file of prompts alone holds it.
        messages: The conversation whose question the prompt is, where the row holds one.
    """

    prompt: str | None = None
    model: str | None = None
    key: Hashable = None
    values: dict[Measure, float | None] = field(default_factory=dict)
    scores: dict[str, float] = field(default_factory=dict)
    answer: str | None = None
    samples: tuple[str, ...] = ()
    sample_scores: tuple[float, ...] = ()
    domain: str | None = None
    conversation: str | None = None
    time: float | None = None
    currency: str | None = None
    one_prompt: bool = False
    of_first_answer: bool = False
    messages: Sequence[PlainMessage] | None = None
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class Reader:
    """One format.

    Attributes:
        name: What `format=` calls it.
        refuses: Returns why a file is not in this format, or None where it is.
        records: Returns what a row holds, or why it is left out.
        score: Which of several kinds of score is taken where none is named; None asks.
    """

    name: str
    refuses: Callable[[Head], str | None]
    records: Callable[[Row, Head], list[Record] | str]
    score: str | None = None


def number(value: Any) -> float | None:
    """Return a finite number that a row holds as a number, a truth value or text; None for anything else."""
    if value is None or value == "":
        return None
    if type(value) is float:  # most are, and to ask whether something is Real takes long
        return value if math.isfinite(value) else None
    if isinstance(value, str):
        value = _WORDS.get(value.strip().lower(), value)
    if isinstance(value, (Real, str)):
        try:
            found = float(value)
        except (ValueError, OverflowError):
            return None
        return found if math.isfinite(found) else None
    return None


_WORDS = {"true": 1.0, "false": 0.0}


def text(value: Any) -> str | None:
    """Return a text that is not blank, or None; a number, such as an id, as text."""
    if isinstance(value, str):
        return value if value.strip() else None
    if isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value):
        return str(value)
    return None


def mapping(value: Any) -> Mapping[str, Any]:
    """Return an object that a row holds, also as JSON text or as Arrow's pairs; an empty one otherwise."""
    if isinstance(value, str) and value[:1] in ("{", "["):
        value = parsed(value)
    if isinstance(value, Mapping):
        return value
    if isinstance(value, list) and all(isinstance(pair, tuple) and len(pair) == 2 for pair in value):
        return dict(value)
    return {}


def items(value: Any) -> list[Any]:
    """Return a list that a row holds, also as JSON text; an empty one otherwise."""
    value = parsed(value)
    return value if isinstance(value, list) else []


def parsed(value: Any) -> Any:
    """Return what JSON text stands for, or an object or a list of them as pandas writes it into a CSV file.

    Anything else, and text that is neither, is returned as it is.
    """
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "[", '"'):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return _literal(value) if _OBJECTS.match(value) and len(value) <= _LONGEST_LITERAL else value
    return value


_OBJECTS = re.compile(r"\s*\[*\{['\"]")
_LONGEST_LITERAL = 1_000_000
"""The longest text that is read as objects that Python wrote, in characters: it takes much memory."""


def _literal(value: str) -> Any:
    """Return the objects that Python's way of writing them stands for; the text itself where it is none."""
    between = re.sub(r"\}\s*\n\s*\{", "}, {", value)  # an array has no commas, and no text a bare new line
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of escapes that Python does not write
        try:
            return ast.literal_eval(between.strip())
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            return value


def first(row: Mapping[str, Any], *names: str) -> Any:
    """Return the first value that is there, and neither None nor empty text as in a CSV file; or None."""
    for name in names:
        value = row.get(name)
        if value is not None and value != "":
            return value
    return None


def seconds(value: Any) -> float | None:
    """Return a time as seconds since 1970: from seconds or milliseconds, ISO 8601 text, or a datetime.

    A time without a zone is UTC.
    """
    if isinstance(value, str):
        found = _iso_seconds(value.strip())
        if found is not None:
            return found
    if isinstance(value, datetime):
        aware = value if value.tzinfo else value.replace(tzinfo=timezone.utc)
        return aware.timestamp()
    found = number(value)
    if found is None or found <= 0:
        return None
    return found / 1000 if found > _LARGEST_SECONDS else found


_LARGEST_SECONDS = 1e11
"""The year 5138; a larger number counts milliseconds."""


_FRACTION = re.compile(r"\.(\d+)")


def _iso_seconds(value: str) -> float | None:
    if len(value) < 10 or value[4:5] != "-":
        return None
    value = value.replace("Z", "+00:00").replace(" UTC", "+00:00")
    if "." in value:  # Python 3.10 reads 3 or 6 digits of a second alone
        value = _FRACTION.sub(lambda found: f".{found[1][:6]:0<6}", value, count=1)
    try:
        return seconds(datetime.fromisoformat(value))
    except ValueError:
        return None


def milliseconds_between(start: Any, end: Any) -> float | None:
    """Return the time from one moment to another, in milliseconds; None where it is unknown or negative."""
    began, ended = seconds(start), seconds(end)
    if began is None or ended is None or ended < began:
        return None
    return round((ended - began) * 1000, 3)
