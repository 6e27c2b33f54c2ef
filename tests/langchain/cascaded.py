"""Cascaded models that the tests share: elm is strong, oak is weak, and a scorer says what it is told."""

from typing import Any

from langchain_routellm import CascadedChatModel
from tests.answer_scorers import accepts_easy
from tests.langchain.fake_tool_models import ChatElm, ChatOak


def cascaded(**changes: Any) -> CascadedChatModel:
    """Return a cascade whose strong child is elm and whose weak child is oak."""
    given = {"strong": ChatElm(), "weak": ChatOak(), "scorer": accepts_easy, "threshold": 0.5}
    return CascadedChatModel(**{**given, **changes})


def models_of(message: Any) -> list[str]:
    """Return who was asked, in order."""
    return [call["model"] for call in message.response_metadata["routellm"]["calls"]]
