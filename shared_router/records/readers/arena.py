"""Chatbot Arena: battles whose winner stands in one column or in three, prompts as text or lists of turns.

The 33k layout has `winner` and `conversation_a`, the 55k layout `winner_model_a`, `winner_model_b`,
`winner_tie` and a JSON list of turns in `prompt`. A vote is for a whole conversation; the prompt is its first
turn, for there the model was chosen. The winner scores 1, the loser 0, a tie one half, a tie of two bad
answers 0.
"""

from __future__ import annotations

from typing import Any

from shared_router.records.chat_text import answer_in
from shared_router.records.files import Head, Row
from shared_router.records.record import Reader, Record, mapping, number, parsed, seconds, text

_SCORES = {
    "model_a": (1.0, 0.0),
    "a": (1.0, 0.0),
    "model_b": (0.0, 1.0),
    "b": (0.0, 1.0),
    "tie": (0.5, 0.5),
    "tie (bothbad)": (0.0, 0.0),
}


def refuses(head: Head) -> str | None:
    """Return why these are no battles, or None."""
    if missing := head.lacks("model_a", "model_b"):
        return missing
    if "winner" not in head.columns and head.lacks("winner_model_a", "winner_model_b"):
        return "no 'winner' or 'winner_model_a' and 'winner_model_b'"
    return None if {"prompt", "query", "conversation_a"} & head.columns else "no 'prompt' or 'conversation_a'"


def records(row: Row, _head: Head) -> list[Record] | str:
    """Return both models' answers."""
    prompt = _first_turn(row)
    models = text(row.get("model_a")), text(row.get("model_b"))
    scores = _SCORES.get(_winner(row))
    if prompt is None:
        return "a blank prompt"
    if models[0] is None or models[1] is None:
        return "no name of a model"
    if models[0] == models[1]:
        return "a model against itself"
    if scores is None:
        return "no winner that is known"
    return [
        Record(
            prompt=prompt,
            model=model,
            values={"score": score},
            answer=_answer(row, side),
            time=seconds(row.get("tstamp")),
        )
        for model, score, side in zip(models, scores, "ab", strict=True)
    ]


def _winner(row: Row) -> str:
    if text(row.get("winner")):
        return str(row["winner"])
    for name in ("model_a", "model_b", "tie"):
        if number(row.get(f"winner_{name}")) == 1:
            return name
    return ""


def _first_turn(row: Row) -> str | None:
    turns: Any = parsed(row.get("prompt") or row.get("query") or row.get("conversation_a"))
    if isinstance(turns, list):
        turns = turns[0] if turns else None
    return text(mapping(turns).get("content")) if isinstance(turns, dict) else text(turns)


def _answer(row: Row, side: str) -> str | None:
    turns = parsed(row.get(f"response_{side}"))
    if isinstance(turns, list) and turns:
        return text(turns[0])
    if turns:
        return text(turns)
    spoken = parsed(row.get(f"conversation_{side}"))
    return answer_in(spoken[1:2]) if isinstance(spoken, list) else None


READER = Reader("arena", refuses, records)
