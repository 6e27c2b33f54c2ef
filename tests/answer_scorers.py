"""Scorers that the adapters' tests share, and what no cascade takes: as functions, so that they pickle."""

import time
from typing import Any

from shared_router.testing import FixedRouter


def accepts(question: str, answer: str) -> float:
    """Find every answer good enough."""
    del question, answer
    return 1.0


def rejects(question: str, answer: str) -> float:
    """Find no answer good enough."""
    del question, answer
    return 0.0


def accepts_easy(question: str, answer: str) -> float:
    """Return 0.9 where the question does not say "hard", 0.1 where it does."""
    del answer
    return 0.1 if "hard" in question.lower() else 0.9


def broken(question: str, answer: str) -> float:
    """Fail."""
    raise KeyError


def not_a_number(question: str, answer: str) -> float:
    """Return NaN."""
    del question, answer
    return float("nan")


def slow(question: str, answer: str) -> float:
    """Take its time."""
    del question, answer
    time.sleep(0.3)
    return 1.0


def never(question: str, answer: str) -> float:
    """Refuse to be asked."""
    raise AssertionError("nobody judges this")


BAD_ARGUMENTS: list[dict[str, Any]] = [
    {"scorer": None},
    {"scorer": 0.5},
    {"threshold": 1.5},
    {"threshold": None},
    {"router": FixedRouter(0.1), "router_threshold": -1},
    {"on_tool_calls": "never"},
    {"on_stream": "drop"},
    {"on_stream": "route"},
    {"on_scorer_error": "ignore"},
    {"scorer_timeout": 0},
    {"deadline": -1},
    {"strong_fraction": 0.5},
    {"treshold": 0.5},
]
"""Arguments that no cascade takes, each for a rule of its own."""
