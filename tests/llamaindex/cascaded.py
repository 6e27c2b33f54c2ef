"""Cascaded LLMs that the tests share: what says HARD is not for the weak model."""

from typing import Any

from llamaindex_routellm import CascadedLLM
from tests.answer_scorers import accepts_easy
from tests.llamaindex.fakes import FakeChat


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
