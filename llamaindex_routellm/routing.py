"""One call's way to a model: the question, the decision, and the block in which the model is called."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from llama_index.core.llms import LLM

from llamaindex_routellm.calls import LLMCall
from llamaindex_routellm.capabilities import candidate_models
from llamaindex_routellm.memory import DecisionMemory
from llamaindex_routellm.metadata import publish
from llamaindex_routellm.no_question import NoQuestionRules
from llamaindex_routellm.override import override_of
from llamaindex_routellm.query import Question, QuestionFinder
from llamaindex_routellm.reasoning import ReasoningWriters
from llamaindex_routellm.route import Models, Route
from shared_router import Bill, Conversations, RoutingDecision, RoutingPolicy, RoutingRequest, Turn, turns_of


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
    """

    policy: RoutingPolicy
    finder: QuestionFinder
    memory: DecisionMemory
    conversations: Conversations | None
    no_question: NoQuestionRules
    reasoning: ReasoningWriters
    capabilities: Mapping[str, Collection[str]]
    bill: Bill

    def route(self, models: Mapping[str, LLM], call: LLMCall) -> Route:
        """Decide where a call goes."""
        question, request, turns = self._request_of(models, call)
        decision = self.memory.decide(request, continues=call.continues)
        decision = self.no_question.applied(decision, question, request.candidates)
        return self._route_to(models, decision, question, turns)

    async def aroute(self, models: Mapping[str, LLM], call: LLMCall) -> Route:
        """Decide where a call goes, off the event loop where that can block it."""
        question, request, turns = self._request_of(models, call)
        decision = await self.memory.adecide(request, continues=call.continues)
        decision = self.no_question.applied(decision, question, request.candidates)
        return self._route_to(models, decision, question, turns)

    def _request_of(
        self, models: Mapping[str, LLM], call: LLMCall
    ) -> tuple[Question, RoutingRequest, Sequence[Turn]]:
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
        turns = turns_of(self.finder.conversation(call, question.turn or question.text))
        model = request.sticky_to or self.conversations.model_of(turns)
        return question, replace(request, sticky_to=model), turns

    def _route_to(
        self,
        models: Mapping[str, LLM],
        decision: RoutingDecision,
        question: Question,
        turns: Sequence[Turn],
    ) -> Route:
        """Publish a decision, and return the route that it makes."""
        llm = models[decision.model]
        if self.conversations is not None:
            self.conversations.keep(turns, decision.model)
        publish(decision, question, llm, self.memory)
        metadata = {**decision.as_metadata(), "source": question.source}
        self.bill.expect(decision.model)
        return Route(llm, metadata, Models(models, self.bill, self.reasoning))
