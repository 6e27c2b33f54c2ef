"""One row a prompt and one column a model: RouteLLM's benchmark CSVs, and tables made like them.

RouteLLM's MMLU file has `prompt` and a column of True and False for each model; its GSM8K file adds
`<model>_response`. A column counts as a model's where every value in the file's first rows is a number or a
truth value and the name is none that describes a prompt.
"""

from __future__ import annotations

from shared_router.records.column_names import in_known_names, known_names
from shared_router.records.files import Head, Row
from shared_router.records.readers.scored import PROMPT
from shared_router.records.record import Reader, Record, first, number, text

_RESPONSE = "_response"
_DOMAIN = ("domain", "task", "category")
_KNOWN = frozenset((*PROMPT, *_DOMAIN, "model", "model_a", "strong_score"))
_OF_THE_PROMPT = frozenset(
    ("id", "index", "idx", "sample_id", "question_id", "doc_id", "turn", "n_turns", "split", "domain", "task")
    + (
        "category",
        "contaminated",
        "label",
        "target",
        "answer",
        "time",
        "timestamp",
        "tstamp",
        "score",
        "cost",
    )
    + ("dollars", "tokens", "toxicity", "length", "fold", "seed", "epoch", "winner", "votes", "weight")
)


def refuses(head: Head) -> str | None:
    """Return why this is no such table, or None."""
    columns = known_names(head.columns, _KNOWN)
    if not columns & set(PROMPT):
        return "no 'prompt'"
    if {"model", "model_a", "strong_score"} & columns:
        return "its models are named in rows"
    found = len(_models(head))
    return None if found > 1 else f"{found} columns of scores beside the prompt, and a comparison needs two"


def records(row: Row, head: Head) -> list[Record] | str:
    """Return one answer for each model that has a score."""
    row = in_known_names(row, head.columns, _KNOWN)
    prompt = text(first(row, *PROMPT))
    if prompt is None:
        return "a blank prompt"
    found = [
        Record(
            prompt=prompt,
            model=model,
            values={"score": score},
            answer=text(row.get(model + _RESPONSE)),
            domain=text(first(row, *_DOMAIN)),
        )
        for model in _models(head)
        if (score := number(row.get(model))) is not None
    ]
    return found or "no score that is a number"


def _models(head: Head) -> list[str]:
    """Return the columns that hold scores, in the file's order."""
    return [
        name
        for name in (head.rows[0] if head.rows else ())
        if name.strip()
        and not name.startswith("Unnamed:")
        and name.lower() not in _OF_THE_PROMPT
        and "|" not in name
        and not name.endswith(_RESPONSE)
        and _is_numbers([row.get(name) for row in head.rows])
    ]


def _is_numbers(values: list[object]) -> bool:
    there = [value for value in values if value is not None and value != ""]
    return bool(there) and all(number(value) is not None for value in there)


READER = Reader("routellm", refuses, records)
