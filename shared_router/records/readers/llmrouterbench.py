"""LLMRouterBench: one JSON document for each data set and model, its answers under `records`.

The model stands in `model_name`, or else is the name of the folder that the file stands in, as in the
published tree (`<data set>/<split>/<model>/<file>.json`).
"""

from __future__ import annotations

from shared_router.records.files import Head, Row
from shared_router.records.record import Reader, Record, first, number, text


def refuses(head: Head) -> str | None:
    """Return why this is not LLMRouterBench's, or None."""
    if head.kind != "json":
        return "no JSON document"
    return head.lacks("origin_query", "prediction", "score")


def records(row: Row, head: Head) -> list[Record] | str:
    """Return one model's answer to one prompt."""
    prompt = text(first(row, "origin_query", "prompt"))
    if prompt is None:
        return "a blank prompt"
    domain = text(first(head.beside, "dataset_name", "dataset")) or _folder(head, 2)
    return [
        Record(
            prompt=prompt,
            model=text(first(head.beside, "model_name", "model")) or _folder(head, 0),
            key=(domain, text(row.get("index")) or prompt),
            values={
                "score": number(row["score"]) if "score" in row else None,
                "input_tokens": number(row.get("prompt_tokens")),
                "output_tokens": number(row.get("completion_tokens")),
                "dollars": number(row.get("cost")),
            },
            answer=text(first(row, "raw_output", "prediction")),
            domain=domain,
        )
    ]


def _folder(head: Head, above: int) -> str:
    parents = head.path.resolve().parents
    return parents[min(above, len(parents) - 1)].name


READER = Reader("llmrouterbench", refuses, records)
