"""One call's way to a model: the question, the decision, and the block in which the model is called."""

from __future__ import annotations

from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    Callable,
    Collection,
    Generator,
    Iterable,
    Mapping,
    Sequence,
)
from contextvars import Token
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from llama_index.core.base.llms.types import ChatResponse, CompletionResponse
from llama_index.core.llms import LLM
from llama_index.core.llms.function_calling import FunctionCallingLLM
from llama_index_instrumentation.dispatcher import active_instrument_tags
from typing_extensions import Self

from llamaindex_routellm.calls import LLMCall
from llamaindex_routellm.capabilities import candidate_models, function_calling
from llamaindex_routellm.memory import DecisionMemory
from llamaindex_routellm.metadata import DECISION_KEY, publish
from llamaindex_routellm.no_question import NoQuestionRules
from llamaindex_routellm.override import override_of
from llamaindex_routellm.query import Question, QuestionFinder
from llamaindex_routellm.tokens import reported_tokens
from shared_router import (
    Conversations,
    RoutingDecision,
    RoutingPolicy,
    RoutingRequest,
    TokenPrices,
    Turn,
    turns_of,
)

Response = TypeVar("Response", ChatResponse, CompletionResponse)
Part = TypeVar("Part")


class _End:
    """What no stream holds: its end."""


_END = _End()


class Route:
    """Where one call goes: the block in which the chosen model is called.

    Inside it every event carries the decision as the tag `routellm`, beside the tags of the caller. A stream
    is read inside it too, part by part: some models are called only when theirs is read.

    Attributes:
        llm: The chosen model.
        metadata: The decision as flat scalars, and where the question was found.
        prices: What the model costs, for an answer's dollars; None where that is not known.
    """

    __slots__ = ("_token", "llm", "metadata", "prices")
    _token: Token[dict[str, Any]]

    def __init__(self, llm: LLM, metadata: dict[str, str | float], prices: TokenPrices | None = None) -> None:
        self.llm = llm
        self.metadata = metadata
        self.prices = prices

    @property
    def caller(self) -> FunctionCallingLLM:
        """The chosen model as one that calls functions."""
        return function_calling(self.llm)

    def __enter__(self) -> Self:
        self._token = active_instrument_tags.set(
            {**active_instrument_tags.get(), DECISION_KEY: self.metadata}
        )
        return self

    def __exit__(self, *error: object) -> None:
        active_instrument_tags.reset(self._token)

    def annotate(self, response: Response) -> Response:
        """Return the response with the decision on it, never on its message: that may be sent again.

        The child's own response is left as it is; it may keep it.
        """
        decision = dict(self.metadata)
        if self.prices is not None and (usage := reported_tokens(response)) is not None:
            decision["dollars"] = usage.dollars(self.prices)
        annotated = {**response.additional_kwargs, DECISION_KEY: decision}
        return response.model_copy(update={"additional_kwargs": annotated})

    def annotate_each(self, chunks: Iterable[Response]) -> Generator[Response, None, None]:
        """Annotate each chunk; closing this stream closes the child's."""
        return self.read(chunks, self.annotate)

    def annotate_each_async(self, chunks: AsyncIterable[Response]) -> AsyncGenerator[Response, None]:
        """Annotate each chunk; closing this stream closes the child's at once, not when it is collected."""
        return self.aread(chunks, self.annotate)

    def read(
        self, parts: Iterable[Part], transform: Callable[[Part], Part] | None = None
    ) -> Generator[Part, None, None]:
        """Read a stream inside this block, each part as `transform` returns it."""
        reading = iter(parts)
        try:
            while True:
                with self:
                    part = next(reading, _END)
                if isinstance(part, _End):
                    return
                yield part if transform is None else transform(part)
        finally:
            if isinstance(parts, Generator):  # a child may stream from any iterator
                parts.close()

    async def aread(
        self, parts: AsyncIterable[Part], transform: Callable[[Part], Part] | None = None
    ) -> AsyncGenerator[Part, None]:
        """Read a stream inside this block, each part as `transform` returns it."""
        reading = aiter(parts)
        try:
            while True:
                with self:
                    part = await anext(reading, _END)
                if isinstance(part, _End):
                    return
                yield part if transform is None else transform(part)
        finally:
            if isinstance(parts, AsyncGenerator):
                await parts.aclose()


@dataclass(frozen=True, slots=True)
class Routing:
    """The way from a call to its route.

    Attributes:
        policy: The rule that decides.
        finder: What finds the question.
        memory: What decides each question once.
        conversations: What keeps each conversation's model; None where each question is for itself.
        no_question: Where calls of a kind go that hold no question.
        capabilities: What a model reads beside text, by its name.
        prices: What each model costs.
    """

    policy: RoutingPolicy
    finder: QuestionFinder
    memory: DecisionMemory
    conversations: Conversations | None
    no_question: NoQuestionRules
    capabilities: Mapping[str, Collection[str]]
    prices: Mapping[str, TokenPrices]

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
            question.text, override.threshold, override.route, candidates=candidates, needs=needs
        )
        if self.conversations is None:
            return question, request, ()
        turns = turns_of(self.finder.conversation(call, question.turn or question.text))
        model = self.conversations.model_of(turns)
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
        return Route(llm, metadata, self.prices.get(decision.model))
