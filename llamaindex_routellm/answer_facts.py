"""What an answer says of itself: its tokens, its provider's own name for the model, its text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from llama_index.core.base.llms.types import ChatResponse, CompletionResponse

from llamaindex_routellm.tokens import reported_tokens
from shared_router import GivenAnswer, TokenUsage, why_unusable

Responses = list[ChatResponse | CompletionResponse]


@dataclass(frozen=True, slots=True)
class AnswerFacts:
    """What is known of an answer.

    Attributes:
        usage: Its tokens; None where the provider reports none.
        provider_model: What the provider calls the model, such as `"gpt-4o-2024-08-06"`.
        fingerprint: What the provider tells of the model's build.
    """

    usage: TokenUsage | None
    provider_model: str | None
    fingerprint: str | None


def responses_of(output: Iterable[Any], inside: Sequence[ChatResponse | CompletionResponse]) -> Responses:
    """Return the responses behind an answer, newest last.

    Args:
        output: What the call returned: one answer, or the last parts of a stream.
        inside: What models answered inside the call: a text or an object alone says nothing of itself.
    """
    own: Responses = [each for each in output if isinstance(each, ChatResponse | CompletionResponse)]
    return [*inside, *own]


def facts_of(responses: Responses) -> AnswerFacts:
    """Return what the responses behind an answer say of it, newest last."""
    usage, model, fingerprint = None, None, None
    for response in reversed(responses):
        raw: Any = response.raw
        usage = usage or reported_tokens(response)
        model = model or _text(raw, "model")
        fingerprint = fingerprint or _text(raw, "system_fingerprint")
    return AnswerFacts(usage, model, fingerprint)


def ended_well(reason: str | None) -> bool:
    """Tell whether a reason why an answer ended is no excuse for an empty one: neither cut nor withheld."""
    return why_unusable(GivenAnswer("", finish_reason=reason)) == "empty"


def _text(raw: Any, name: str) -> str | None:
    value = raw.get(name) if isinstance(raw, Mapping) else getattr(raw, name, None)
    return value if isinstance(value, str) and value else None
