"""Conversations that keep their models: by the name that the block around a call gives them, else by words.

What is kept is `shared_router.Conversations`, and how a change is weighed `shared_router.leaning`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from shared_router import (
    Conversations,
    Message,
    RoutingDecision,
    RoutingRequest,
    Sticky,
    TokenPrices,
    Turn,
    current_conversation,
    leaning,
    rule_of,
    settings_of,
)


@dataclass(frozen=True, slots=True)
class KeptConversations:
    """What keeps conversations, and how.

    Attributes:
        sticky: How.
        prices: What the models cost, where that is known.
        conversations: What remembers them.
    """

    sticky: Sticky
    prices: Mapping[str, TokenPrices]
    conversations: Conversations

    @classmethod
    def by(
        cls,
        sticky: Sticky,
        prices: Mapping[str, TokenPrices] | None,
        size: int,
        first_turn_model: Callable[[str], str | None],
    ) -> KeptConversations | None:
        """Return what keeps conversations by a rule, or None where each question is for itself."""
        if rule_of(sticky) not in ("conversation", "upward", "priced"):
            return None
        return cls(sticky, prices or {}, Conversations(size, first_turn_model=first_turn_model))

    def asked(
        self,
        request: RoutingRequest,
        turns: Sequence[Turn],
        conversation: Sequence[Message],
        models: Sequence[str],
    ) -> RoutingRequest:
        """Return a request that sticks or leans to the model that its conversation is with.

        Args:
            request: The request.
            turns: The user's turns so far, the latest last.
            conversation: The conversation, oldest first.
            models: All models that the policy has, best first.
        """
        name = current_conversation()
        request = replace(request, conversation=name)
        if request.sticky_to is not None:
            return request
        kept = self.conversations.last(turns, sticky=self.sticky, name=name)
        rule = rule_of(self.sticky)
        in_tool_loop = bool(turns) and turns[-1].in_tool_loop
        if kept is not None and (rule == "conversation" or (rule == "priced" and in_tool_loop)):
            return replace(request, sticky_to=kept.model)
        sizes = partial(_prompt_sizes, conversation)
        return leaning(
            request, kept, settings_of(self.sticky), models=models, prices=self.prices, sizes=sizes
        )

    def keep(self, turns: Sequence[Turn], decision: RoutingDecision, name: str | None) -> None:
        """Remember where a turn went; one that went elsewhere because a model failed, nowhere."""
        if decision.reason.startswith("fallback:"):
            self.release(turns, name)
        else:
            self.conversations.keep(turns, decision.model, name=name)

    def release(self, turns: Sequence[Turn], name: str | None) -> None:
        """Forget a conversation whose model has failed."""
        self.conversations.release(turns, name=name)


def _prompt_sizes(conversation: Sequence[Message]) -> tuple[int, int]:
    """Return the characters of a prompt, and those before its last answer, which a model has read before."""
    whole = before = 0
    for message in conversation:
        if message.role == "assistant":
            before = whole
        whole += len(message.text)
    return whole, before
