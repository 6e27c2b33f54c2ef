"""RouterBench, saved as Parquet or CSV: one row a prompt, three columns a model.

The published files are pickles, which are never read. Columns: `sample_id`, `prompt`, `eval_name`, then
`<model>` (the score), `<model>|model_response` and `<model>|total_cost` (dollars) for each model;
`oracle_model_to_route_to` is left out.
"""

from __future__ import annotations

import ast

from shared_router.records.files import Head, Row
from shared_router.records.record import Reader, Record, number, text

_COST, _RESPONSE = "|total_cost", "|model_response"


def refuses(head: Head) -> str | None:
    """Return why this is not RouterBench's, or None."""
    if missing := head.lacks("prompt", "eval_name"):
        return missing
    return None if _models(head) else f"no column '<model>{_COST}'"


def records(row: Row, head: Head) -> list[Record] | str:
    """Return one answer for each model."""
    prompt = _prompt(row.get("prompt"))
    if prompt is None:
        return "a blank prompt"
    key = text(row.get("sample_id"))
    found = []
    for model in _models(head):
        score, dollars = number(row.get(model)), number(row.get(model + _COST))
        if score is not None or dollars is not None:
            found.append(
                Record(
                    prompt=prompt,
                    model=model,
                    key=key,
                    values={"score": score, "dollars": dollars},
                    answer=text(row.get(model + _RESPONSE)),
                    domain=text(row.get("eval_name")),
                )
            )
    return found or "no score that is a number"


def _models(head: Head) -> list[str]:
    return sorted(name.removesuffix(_COST) for name in head.columns if name.endswith(_COST))


def _prompt(value: object) -> str | None:
    """Return the prompt; RouterBench keeps most as Python's way of writing a list of texts."""
    if isinstance(value, str) and value.startswith("["):
        try:
            parts = ast.literal_eval(value)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            return text(value)
        if isinstance(parts, list) and all(isinstance(part, str) for part in parts):
            return text("\n".join(parts))
    return text(value)


READER = Reader("routerbench", refuses, records)
