"""MT-Bench: FastChat's judgments of single answers, and the questions they are of.

Give `question.jsonl` too: a judgment holds the judge's prompt, not the question alone. The question's first
turn is the prompt, and the grades of its turns are averaged. Grades are from 1 to 10, so say `--scale 1 10`.
"""

from __future__ import annotations

from shared_router.records.files import Head, Row
from shared_router.records.record import Reader, Record, number, seconds, text


def refuses(head: Head) -> str | None:
    """Return why these are neither judgments nor questions, or None."""
    if missing := head.lacks("question_id"):
        return missing
    if not head.lacks("model", "judge", "score"):
        return None
    return None if {"turns", "category"} <= head.columns else "no 'model', 'judge' and 'score', nor 'turns'"


def records(row: Row, _head: Head) -> list[Record] | str:
    """Return a question's first turn, or a judgment's grade."""
    key = text(row.get("question_id"))
    if isinstance(row.get("turns"), list) and row["turns"]:
        return [Record(prompt=text(row["turns"][0]) or "", key=key, domain=text(row.get("category")))]
    score, model = number(row.get("score")), text(row.get("model"))
    if model is None:
        return "no name of a model"
    if score is None or score < 0:  # FastChat writes -1 where it could not read the judge
        return "a judgment without a grade"
    return [Record(model=model, key=key, values={"score": score}, time=seconds(row.get("tstamp")))]


READER = Reader("mt_bench", refuses, records)
