"""Our own decision logs (`DecisionLog`): decisions, what other models made of them, and feedback.

A call is a row with its answer's tokens, dollars and seconds; a shadow is the other model's answer to the
same prompt, so that calls with a graded shadow are graded pairs. Feedback is a score of the answer that the
user got, by its source (`judge`, `thumbs`), without the user in it; where none is named the judge's is taken,
which alone is of both answers. A log keeps prompts only where it was
asked to (`log_prompts=True`); without them nothing can be evaluated.
"""

from __future__ import annotations

from shared_router.records.files import Head, Row
from shared_router.records.record import Reader, Record, number, seconds, text

_JUDGE = "judge"


def refuses(head: Head) -> str | None:
    """Return why these are no lines of a decision log, or None."""
    return head.lacks("v", "routed", "propensity")


def records(row: Row, _head: Head) -> list[Record] | str:
    """Return a call, another model's answer to it, or a grade."""
    if "feedback" in row:
        return _feedback(row)
    if "shadow" in row:
        return _shadow(row)
    if "would" in row and "id" not in row:
        return "what another policy would have done"
    if row.get("outcome") != "answered":
        return "a request that failed"
    latency = number(row.get("seconds"))
    return [
        Record(
            prompt=text(row.get("prompt")),
            model=text(row.get("model")) or "",
            key=text(row.get("id")),
            values={
                "input_tokens": number(row.get("input_tokens")),
                "cached_input_tokens": number(row.get("cached_input_tokens")),
                "output_tokens": number(row.get("output_tokens")),
                "dollars": number(row.get("dollars")),
                "latency_ms": None if latency is None else latency * 1000,
            },
            conversation=text(row.get("conversation")),
            time=seconds(row.get("time")),
        )
    ]


def _shadow(row: Row) -> list[Record]:
    score = number(row.get("score"))
    return [
        Record(
            model=text(row.get("model")) or "",
            key=text(row.get("shadow")),
            values={
                "input_tokens": number(row.get("input_tokens")),
                "output_tokens": number(row.get("output_tokens")),
                "dollars": number(row.get("dollars")),
            },
            scores={} if score is None else {_JUDGE: score},
        )
    ]


def _feedback(row: Row) -> list[Record] | str:
    score, source = number(row.get("score")), text(row.get("source")) or "user"
    if score is None:
        return "feedback without a number"
    kind = source.partition(":")[0]
    return [Record(key=text(row.get("feedback")), scores={kind: score}, of_first_answer=True)]


READER = Reader("decision_log", refuses, records, score=_JUDGE)
