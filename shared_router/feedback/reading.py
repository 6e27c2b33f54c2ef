"""Feedback as other programs keep it, found its way back to the decisions that it is about.

Three kinds of rows, in any file that `records.files` reads, also mixed:

- a row with a `decision_id` and a score;
- LangSmith: feedback (`run_id`, `key`, `score`, `value`, `correction`), and the runs it is about, whose
  metadata or answers hold the decision; feedback on a whole trace is about its one decision;
- LlamaIndex: instrumentation events as they dump themselves (`id_`, `span_id`), whose answers or decisions
  hold it, and rows with the same `span_id` or `event_id` and a `score` or, of an evaluator, `passing`.

A thumb is 1 or 0. What a user corrected, or asked for anew, was not good enough: 0.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shared_router.errors import DataError
from shared_router.records.files import Row, read_head, read_rows
from shared_router.records.record import first, mapping, number, parsed, seconds, text
from shared_router.records.scale import UNIT_SCALE

_IDS = ("decision_id", "feedback")
_ABOUT = ("run_id", "span_id", "event_id", "trace_id", "session_id")
_NAMES = ("id", "id_", "span_id", "trace_id")
_SCORES = ("score", "value", "rating", "passing", "thumbs")
_WORDS = {"up": 1.0, "good": 1.0, "yes": 1.0, "👍": 1.0, "down": 0.0, "bad": 0.0, "no": 0.0, "👎": 0.0}
_DEEPEST = 12


@dataclass(frozen=True, slots=True)
class GivenFeedback:
    """One word of feedback.

    Attributes:
        decision_id: The decision whose answer it is about.
        score: How good that was, in [0, 1].
        source: What kind of word it is.
        user: Who said it, where the row tells. Not in the repr.
        when: In seconds since the epoch, where the row tells.
    """

    decision_id: str
    score: float
    source: str
    user: str | None = field(default=None, repr=False)
    when: float | None = None


@dataclass(frozen=True, slots=True)
class ReadFeedback:
    """What files of feedback hold.

    Attributes:
        given: The words of feedback, in order.
        left_out: How many rows were left out, by reason.
    """

    given: tuple[GivenFeedback, ...]
    left_out: Mapping[str, int]


def read_feedback(
    paths: Sequence[str | Path], *, scale: tuple[float, float] = UNIT_SCALE, source: str | None = None
) -> ReadFeedback:
    """Read feedback, from LangSmith, LlamaIndex or a table of one's own.

    Args:
        paths: Files of feedback, and of the runs or events that it is about.
        scale: The worst and the best score.
        source: What all of it is called; None takes each row's `source` or `key`, else `"user"`.

    Raises:
        DataError: If a file is damaged, or no row holds feedback on a decision.
    """
    rows = [row for path in paths for row in _rows(Path(path))]
    known = _decisions(rows)
    left_out: Counter[str] = Counter(row for row in rows if isinstance(row, str))
    given = []
    for row in rows:
        if isinstance(row, str) or not _is_feedback(row):
            continue
        found = _given(row, known, scale, source)
        if isinstance(found, str):
            left_out[found] += 1
        else:
            given.append(found)
    if not given:
        raise DataError(
            f"feedback must be about a decision: rows with decision_id and score, or with run_id or span_id "
            f"beside the runs or events that hold the decision; got {len(rows)} rows, {dict(left_out)}"
        )
    return ReadFeedback(tuple(given), dict(left_out))


def _rows(path: Path) -> Iterator[Row | str]:
    yield from read_rows(read_head(path))


def _decisions(rows: Sequence[Row | str]) -> dict[str, str]:
    """Return the decision that each run, event, span or trace holds, where it holds one alone."""
    found: dict[str, set[str]] = {}
    for row in rows:
        if isinstance(row, str) or any(name in row for name in _IDS):
            continue
        decision = _decision_in(row)
        for name in _NAMES if decision is not None else ():
            key = text(row.get(name))
            if key is not None:
                found.setdefault(key, set()).add(str(decision))
    return {key: next(iter(ids)) for key, ids in found.items() if len(ids) == 1}


def _decision_in(value: Any, depth: int = 0) -> str | None:
    """Return the id of the decision that a run or an event holds, wherever it stands."""
    value = parsed(value)
    if depth > _DEEPEST or not isinstance(value, (Mapping, list)):
        return None
    if isinstance(value, list):
        return next((found for each in value if (found := _decision_in(each, depth + 1))), None)
    told = text(value.get("routellm_decision_id")) or text(mapping(value.get("routellm")).get("decision_id"))
    if told is not None:
        return told
    return next((found for each in value.values() if (found := _decision_in(each, depth + 1))), None)


def _is_feedback(row: Row) -> bool:
    about = any(row.get(name) for name in (*_IDS, *_ABOUT))
    says = any(row.get(name) is not None for name in (*_SCORES, "correction", "retried"))
    return about and says and "run_type" not in row


def _given(
    row: Row, known: Mapping[str, str], scale: tuple[float, float], source: str | None
) -> GivenFeedback | str:
    decision = text(first(row, *_IDS))
    if decision is None:
        names = [text(row.get(name)) or "" for name in _ABOUT]
        decision = next((known[name] for name in names if name in known), None)
    if decision is None:
        return "feedback on a run without a decision"
    score = _score(row, scale)
    if isinstance(score, str):
        return score
    by = mapping(row.get("feedback_source"))
    return GivenFeedback(
        decision,
        score,
        source or text(first(row, "source", "key")) or "user",
        text(row.get("user") or by.get("user_id") or row.get("created_by")),
        seconds(first(row, "time", "created_at", "timestamp")),
    )


def _score(row: Row, scale: tuple[float, float]) -> float | str:
    told = first(row, *_SCORES)
    if isinstance(told, str) and told.strip().lower() in _WORDS:
        return _WORDS[told.strip().lower()]
    if isinstance(told, bool):
        return float(told)
    found = number(told)
    if found is None:
        no_good = first(row, "correction") is not None or number(row.get("retried")) == 1
        return 0.0 if no_good else "feedback without a score"
    worst, best = scale
    if not worst <= found <= best:
        return f"a score that is not in [{worst:g}, {best:g}] (--scale says another)"
    return (found - worst) / (best - worst)
