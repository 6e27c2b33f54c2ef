"""promptfoo: the results file of an evaluation, its rows under `results.results`.

Providers are joined by the rendered prompt and the test's number. A row whose assertion failed is a score;
one whose request failed (`failureReason` 2) is left out.
"""

from __future__ import annotations

from shared_router.records.chat_text import answer_in, question_in
from shared_router.records.files import Head, Row
from shared_router.records.record import Reader, Record, first, mapping, number, text

_ERROR = 2


def refuses(head: Head) -> str | None:
    """Return why these are not promptfoo's results, or None."""
    return head.lacks("provider", "prompt", "testIdx", "success")


def records(row: Row, _head: Head) -> list[Record] | str:
    """Return one provider's answer to one test."""
    provider, response = mapping(row.get("provider")), mapping(row.get("response"))
    model = text(provider.get("id")) or text(row.get("provider"))
    if number(row.get("failureReason")) == _ERROR or response.get("error"):
        return "a request that failed"
    raw = text(mapping(row.get("prompt")).get("raw")) or text(row.get("prompt"))
    prompt = None if raw is None else question_in(raw)
    if prompt is None:
        return "no text of a user"
    if model is None:
        return "no name of a model"
    # of a cached answer it is how long the look-up took
    latency = None if response.get("cached") is True else number(row.get("latencyMs"))
    tokens = mapping(first(row, "tokenUsage") or response.get("tokenUsage"))
    score = number(row.get("score"))
    return [
        Record(
            prompt=prompt,
            model=model,
            key=(raw, text(row.get("testIdx"))),
            values={
                "score": number(row.get("success")) if score is None else score,
                "input_tokens": number(tokens.get("prompt")),
                "output_tokens": number(tokens.get("completion")),
                "dollars": number(first(row, "cost") if "cost" in row else response.get("cost")),
                "latency_ms": latency,
            },
            answer=answer_in(response.get("output")),
        )
    ]


READER = Reader("promptfoo", refuses, records)
