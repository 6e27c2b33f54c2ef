"""What a router is asked about: a question, or the whole conversation where the router reads it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from shared_router.decisions import RoutingRequest
from shared_router.messages import AnyMessage
from shared_router.router import Router
from shared_router.text import clean

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Question: TypeAlias = "str | Sequence[AnyMessage]"
"""A cleaned text, or a conversation."""


def question_for(router: Router, request: RoutingRequest) -> Question:
    """Return what a router is asked about a request.

    Args:
        router: Whom to ask.
        request: A request that has a question.

    Returns:
        The question, cleaned; for a router that reads conversations the conversation, where there is one.
    """
    conversation = _conversation(request) if router.reads_conversations else None
    return conversation or clean(request.query or "")


def win_probabilities_of(router: Router, questions: Sequence[Question]) -> NDArray[np.float64] | Any:
    """Return what a router says of texts and conversations, in order, unchecked; texts are asked at once.

    Raises:
        Exception: What the router raises.
    """
    if not router.reads_conversations or all(isinstance(question, str) for question in questions):
        return router.win_probability(questions)  # type: ignore[arg-type]
    texts = [question for question in questions if isinstance(question, str)]
    of_texts = iter(router.win_probability(texts) if texts else ())
    return [
        next(of_texts) if isinstance(question, str) else router.win_probability_of(question)
        for question in questions
    ]


def score_prompts(
    router: Router, prompts: Sequence[str], messages: Sequence[Sequence[AnyMessage] | None] | None
) -> NDArray[np.float64] | Any:
    """Return a router's win probabilities of a table's rows, unchecked.

    Args:
        router: Whom to ask.
        prompts: The n texts.
        messages: The conversation that each ends, or None; None where there is none at all.
    """
    if messages is None or not router.reads_conversations:
        return router.win_probability(prompts)
    return win_probabilities_of(router, [said or text for text, said in zip(prompts, messages, strict=True)])


def _conversation(request: RoutingRequest) -> Sequence[AnyMessage] | None:
    messages = request.messages
    return messages() if callable(messages) else messages
