"""Chatbot Arena's own columns as those of preference data.

Its 55k layout has the winner in three columns (`winner_model_a`, `winner_model_b`, `winner_tie`) and a JSON
list of turns in `prompt`; its 33k layout has `winner` and `conversation_a`. A vote is for a whole
conversation; its query is the first turn, for there the model is chosen.
"""

import json
from collections.abc import Mapping
from typing import Any

Row = Mapping[str, Any]

ONE_HOT = {"winner_model_a": "model_a", "winner_model_b": "model_b", "winner_tie": "tie"}
PROMPT, CONVERSATION = "prompt", "conversation_a"
STAND_INS: Mapping[str, tuple[str, ...]] = {"query": (PROMPT, CONVERSATION), "winner": ("winner_model_a",)}
"""Which columns of Arena's may stand for one of preference data that is not there."""

_TRUE, _FALSE = (1, "1", "1.0", "True", "true"), (0, "0", "0.0", "False", "false", "", None)


def arena_row(row: Row, names: Mapping[str, str]) -> Row | str:
    """Return a row with the columns of preference data, or what is wrong with Arena's.

    Args:
        row: Any row; one that has the columns of preference data alone is returned as it is.
        names: What each column is called in the data.
    """
    query, winner = names["query"], names["winner"]
    found = dict(row)
    if winner not in row and "winner_model_a" in row:
        named = _one_hot(row)
        if named is None:
            return "of winner_model_a, winner_model_b and winner_tie one must be 1 and the others 0"
        found[winner] = named
    if query not in row:
        source = next((name for name in STAND_INS["query"] if name in row), None)
        if source is not None:
            found[query] = _first_turn(row[source])
    elif query == PROMPT or isinstance(row[query], list):
        found[query] = _first_turn(row[query])
    return found


def _one_hot(row: Row) -> str | None:
    """Return the one column that is 1; a file without ties may lack their column."""
    values = {winner: row.get(name) for name, winner in ONE_HOT.items()}
    if any(isinstance(value, (list, dict)) or value not in _TRUE + _FALSE for value in values.values()):
        return None
    won = [winner for winner, value in values.items() if value in _TRUE]
    return won[0] if len(won) == 1 else None


def _first_turn(turns: Any) -> Any:
    """Return the first of a list of turns, also of one in JSON; a text that is no such list, as it is."""
    if isinstance(turns, str) and turns.lstrip()[:1] == "[":
        try:
            parsed = json.loads(turns)
        except (ValueError, RecursionError):
            return turns
        turns = parsed if isinstance(parsed, list) and all(map(_is_turn, parsed)) else turns
    if not isinstance(turns, list):
        return turns
    first = turns[0] if turns else None
    return first.get("content") if isinstance(first, Mapping) else first


def _is_turn(value: object) -> bool:
    return value is None or isinstance(value, str) or (isinstance(value, Mapping) and "content" in value)
