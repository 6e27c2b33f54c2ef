"""One call's way to a model: the question, the decision, and the block in which the model is called."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from llama_index.core.llms import LLM

from llamaindex_routellm.calls import LLMCall
from llamaindex_routellm.capabilities import candidate_models
from llamaindex_routellm.kept_conversations import KeptConversations
from llamaindex_routellm.memory import DecisionMemory
from llamaindex_routellm.metadata import publish
from llamaindex_routellm.no_question import NoQuestionRules
from llamaindex_routellm.override import override_of
from llamaindex_routellm.query import Question, QuestionFinder
from llamaindex_routellm.reasoning import ReasoningWriters
from llamaindex_routellm.route import Models, Route
from shared_router import (
    Bill,
    RoutingDecision,
    RoutingPolicy,
    RoutingRequest,
    Turn,
    turns_of,
)

if TYPE_CHECKING:
    from shared_router import CallRules


@dataclass(frozen=True, slots=True)
class DecidedCall:
    """A call, and where it is decided to go.

    Attributes:
        decision: Where, and why.
        question: The question in it.
        request: What the policy was asked, with the threshold that the block around the call has.
        turns: The conversation's turns, where conversations are kept.
    """

    decision: RoutingDecision
    question: Question
    request: RoutingRequest
    turns: Sequence[Turn]


@dataclass(frozen=True, slots=True)
class Routing:
    """The way from a call to its route.

    Attributes:
        policy: The rule that decides.
        finder: What finds the question.
        memory: What decides each question once.
        conversations: What keeps each conversation's model; None where each question is for itself.
        no_question: Where calls of a kind go that hold no question.
        reasoning: What remembers whose reasoning is whose.
        capabilities: What a model reads beside text, by its name.
        bill: What the models cost.
        rules: What calls are made under: resilience, budgets, observers; None without any.
    """

    policy: RoutingPolicy
    finder: QuestionFinder
    memory: DecisionMemory
    conversations: KeptConversations | None
    no_question: NoQuestionRules
    reasoning: ReasoningWriters
    capabilities: Mapping[str, Collection[str]]
    bill: Bill
    rules: CallRules | None = None

    def route(self, models: Mapping[str, LLM], call: LLMCall) -> Route:
        """Decide where a call goes."""
        return self._route_to(models, self.decided(models, call))

    async def aroute(self, models: Mapping[str, LLM], call: LLMCall) -> Route:
        """Decide where a call goes, off the event loop where that can block it."""
        return self._route_to(models, await self.adecided(models, call))

    def decided(
        self, models: Mapping[str, LLM], call: LLMCall, *, by_own_threshold: bool = True
    ) -> DecidedCall:
        """Decide where a call goes, and tell nobody yet.

        Args:
            models: The models by name.
            call: The call.
            by_own_threshold: Whether the threshold of the block around the call is the policy's.
        """
        question, request, turns = self.request_of(models, call)
        asked = request if by_own_threshold else replace(request, threshold=None)
        decision = self.memory.decide(asked, continues=call.continues)
        decision = self.no_question.applied(decision, question, request.candidates)
        return DecidedCall(decision, question, request, turns)

    async def adecided(
        self, models: Mapping[str, LLM], call: LLMCall, *, by_own_threshold: bool = True
    ) -> DecidedCall:
        """Decide like `decided`, off the event loop where that can block it."""
        question, request, turns = self.request_of(models, call)
        asked = request if by_own_threshold else replace(request, threshold=None)
        decision = await self.memory.adecide(asked, continues=call.continues)
        decision = self.no_question.applied(decision, question, request.candidates)
        return DecidedCall(decision, question, request, turns)

    def tell(self, models: Mapping[str, LLM], decided: DecidedCall, decision: RoutingDecision) -> None:
        """Publish where a call has gone, and keep its conversation there.

        Args:
            models: The models by name.
            decided: The call.
            decision: Where it has gone, and why.
        """
        self.keep(decided, decision)
        self.publish(models, decided, decision)

    def publish(
        self,
        models: Mapping[str, LLM],
        decided: DecidedCall,
        decision: RoutingDecision,
        *,
        instead_of: RoutingDecision | None = None,
    ) -> None:
        """Publish where a call goes, or that it now goes elsewhere than was published before."""
        llm = models[decision.model]
        publish(decision, decided.question, llm, self.memory, instead_of=instead_of)
        self.bill.expect(decision.model)

    def keep(self, decided: DecidedCall, decision: RoutingDecision) -> None:
        """Keep a call's conversation with the model that answers it, and its run with a fallback."""
        if self.conversations is not None:
            self.conversations.keep(decided.turns, decision, decided.request.conversation)
        if decision.reason.startswith("fallback:"):
            self.memory.keep_fallback(decided.request, decision)

    def request_of(
        self, models: Mapping[str, LLM], call: LLMCall
    ) -> tuple[Question, RoutingRequest, Sequence[Turn]]:
        """Return the question in a call, what the policy is asked of it, and its conversation's turns."""
        question = self.finder.find(call)
        override = override_of(self.memory)
        candidates, needs = candidate_models(models, call, self.capabilities)
        request = RoutingRequest(
            question.text,
            override.threshold,
            override.route,
            candidates=candidates,
            needs=needs,
            messages=self.finder.reader_of(call, question),
        )
        if (writer := self.reasoning.model_to_keep(call)) is not None:
            request = replace(request, sticky_to=writer)
        if self.conversations is None:
            return question, request, ()
        conversation = self.finder.conversation(call, question.turn or question.text)
        turns = turns_of(conversation)
        return question, self.conversations.asked(request, turns, conversation, self.policy.models), turns

    def release(self, decided: DecidedCall) -> None:
        """Forget where a call's conversation went: its model has failed."""
        if self.conversations is not None:
            self.conversations.release(decided.turns, decided.request.conversation)

    def _route_to(self, models: Mapping[str, LLM], decided: DecidedCall) -> Route:
        """Publish a decision, and return the route that it makes."""
        self.tell(models, decided, decided.decision)
        metadata = {**decided.decision.as_metadata(), "source": decided.question.source}
        route = Route(models[decided.decision.model], metadata, Models(models, self.bill, self.reasoning))
        if self.conversations is not None:
            route.on_failure = partial(self.release, decided)
        return route
