"""Cascaded models that the tests share: elm is strong, oak is weak, and a scorer says what it is told."""

from typing import Any

from langchain_routellm import CascadedChatModel
from tests.langchain.fake_tool_models import ChatElm, ChatOak


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
    return 0.1 if "hard" in question else 0.9


def cascaded(**changes: Any) -> CascadedChatModel:
    """Return a cascade whose strong child is elm and whose weak child is oak."""
    given = {"strong": ChatElm(), "weak": ChatOak(), "scorer": accepts_easy, "threshold": 0.5}
    return CascadedChatModel(**{**given, **changes})


def models_of(message: Any) -> list[str]:
    """Return who was asked, in order."""
    return [call["model"] for call in message.response_metadata["routellm"]["calls"]]
