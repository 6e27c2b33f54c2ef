"""Cascaded LLMs that the tests share: what says HARD is not for the weak model."""

from typing import Any

from llamaindex_routellm import CascadedLLM
from tests.llamaindex.fakes import HARD, FakeChat


def accepts(question: str, answer: str) -> float:
    """Find every answer good enough."""
    del question, answer
    return 1.0


def rejects(question: str, answer: str) -> float:
    """Find no answer good enough."""
    del question, answer
    return 0.0


def accepts_easy(question: str, answer: str) -> float:
    """Return 0.9 where the question does not say HARD, 0.1 where it does."""
    del answer
    return 0.1 if HARD in question else 0.9


def cascaded(**changes: Any) -> CascadedLLM:
    """Return a cascade of two chat models."""
    given = {"strong": FakeChat(model="big"), "weak": FakeChat(model="small"), "scorer": accepts_easy}
    return CascadedLLM(**{**given, **changes})


def told(response: Any) -> dict[str, Any]:
    """Return what a plan came to, as a response tells it."""
    found: dict[str, Any] = response.additional_kwargs["routellm"]
    return found


def models_of(response: Any) -> list[str]:
    """Return who was asked, in order."""
    return [call["model"] for call in told(response)["calls"]]
