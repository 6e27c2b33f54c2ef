"""lm-evaluation-harness: `samples_<task>_<date>.jsonl` in a folder for each model.

The folder's name is the model's (`org__name` is `org/name`), the file's the task. Models are joined by task
and `doc_hash`. Each metric is a score of its own, with the filter's name behind a comma where there are
filters, as the harness prints them: `exact_match,strict-match`.
"""

from __future__ import annotations

import re
from typing import Any

from shared_router.records.chat_text import question_in
from shared_router.records.files import Head, Row
from shared_router.records.record import Reader, Record, items, mapping, number, parsed, text

_METRICS = ("acc", "acc_norm", "exact_match", "em", "f1")
"""The metrics of files that are older than their list of them."""

_NAME = re.compile(r"samples_(?P<task>.+?)(_\d{4}-\d{2}-\d{2}T[\d.:-]+)?\.jsonl?(\.gz|\.zst)?$")


def refuses(head: Head) -> str | None:
    """Return why these are not the harness's samples, or None."""
    return head.lacks("doc_id", "doc", "arguments", "resps")


def records(row: Row, head: Head) -> list[Record] | str:
    """Return one model's answer to one document."""
    prompt = _prompt(row.get("arguments"))
    if prompt is None:
        return "no text of a prompt"
    named = _NAME.match(head.path.name)
    task = named["task"] if named else head.path.stem
    filtered = str(row.get("filter") or "none")
    suffix = "" if filtered == "none" else f",{filtered}"
    metrics = [name for name in items(row.get("metrics")) or _METRICS if isinstance(name, str)]
    scores = {f"{name}{suffix}": number(row.get(name)) for name in metrics}
    if all(score is None for score in scores.values()):
        return "no score that is a number"
    return [
        Record(
            prompt=prompt,
            model=head.path.resolve().parent.name.replace("__", "/"),
            key=(task, text(row.get("doc_hash")) or text(row.get("doc_id"))),
            scores={name: score for name, score in scores.items() if score is not None},
            answer=_answer(row.get("resps")),
            domain=task,
        )
    ]


def _prompt(arguments: Any) -> str | None:
    """Return the first request's prompt: `gen_args_0.arg_0`, in older files the first of the first."""
    arguments = parsed(arguments)
    if isinstance(arguments, list):
        argument = arguments[0] if arguments else None
        argument = argument[0] if isinstance(argument, list) and argument else argument
    else:
        argument = mapping(mapping(arguments).get("gen_args_0")).get("arg_0")
    return question_in(argument)


def _answer(responses: Any) -> str | None:
    """Return the text that was generated; choices are scored by their likelihood and have none."""
    while isinstance(responses, list) and responses:
        responses = responses[0]
    return text(responses) if isinstance(responses, str) else None


READER = Reader("lm_eval", refuses, records)
