"""RouterArena: a list of predictions, one for each query and model that was asked.

Rows are joined by `global index`. A row without a grade or without an answer is left out.
"""

from __future__ import annotations

from shared_router.records.files import Head, Row
from shared_router.records.record import Reader, Record, first, mapping, number, text


def refuses(head: Head) -> str | None:
    """Return why these are not RouterArena's predictions, or None."""
    if not {"global index", "global_index"} & head.columns:
        return "no 'global index'"
    return head.lacks("prompt", "prediction")


def records(row: Row, _head: Head) -> list[Record] | str:
    """Return one model's answer to one query."""
    result = mapping(row.get("generated_result"))
    if result.get("success") is False:
        return "a request that failed"
    prompt, model = text(row.get("prompt")), text(row.get("prediction"))
    if prompt is None:
        return "a blank prompt"
    if model is None:
        return "no name of a model"
    score = number(row.get("accuracy"))
    if score is None and not result:
        return "no grade and no answer"
    usage = mapping(result.get("token_usage"))
    return [
        Record(
            prompt=prompt,
            model=model,
            key=text(first(row, "global index", "global_index")),
            values={
                "score": score,
                "input_tokens": number(usage.get("input_tokens")),
                "output_tokens": number(usage.get("output_tokens")),
                "dollars": number(row.get("cost")),
            },
            answer=text(result.get("generated_answer")),
        )
    ]


READER = Reader("routerarena", refuses, records)
