"""The block in which the chosen model is called, and the decision on what it answers."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, Callable, Generator, Iterable, Mapping, Sequence
from contextvars import Token
from copy import copy
from dataclasses import dataclass
from typing import Any, TypeVar

from llama_index.core.base.llms.types import ChatMessage, ChatResponse, CompletionResponse
from llama_index.core.llms import LLM
from llama_index.core.llms.function_calling import FunctionCallingLLM
from llama_index.core.prompts import BasePromptTemplate
from llama_index_instrumentation.dispatcher import active_instrument_tags
from typing_extensions import Self

from llamaindex_routellm.answers import answering_model
from llamaindex_routellm.capabilities import function_calling
from llamaindex_routellm.metadata import DECISION_KEY
from llamaindex_routellm.reasoning import ReasoningWriters
from llamaindex_routellm.spans import RoutedCall, current_call
from llamaindex_routellm.tokens import reported_tokens
from shared_router import Bill

Response = TypeVar("Response", ChatResponse, CompletionResponse)
Part = TypeVar("Part")


class End:
    """What no stream holds: its end."""


END = End()


@dataclass(frozen=True, slots=True)
class Models:
    """What is true of all models that a call may go to.

    Attributes:
        by_name: The models by name.
        bill: What they cost.
        reasoning: What remembers whose reasoning is whose.
    """

    by_name: Mapping[str, LLM]
    bill: Bill
    reasoning: ReasoningWriters


class Route:
    """Where one call goes: the block in which the chosen model is called.

    Inside it every event carries the decision as the tag `routellm`, beside the tags of the caller. A stream
    is read inside it too, part by part: some models are called only when theirs is read.

    Attributes:
        llm: The chosen model.
        metadata: The decision as flat scalars, and where the question was found.
        models: All models.
        settings: What the call is given beside the caller's arguments.
        asked: The LLMs that are asked inside it and have not failed: the last one answers.
        responses: What they answered, whole, where `EndedCalls` watches.
        on_failure: What is told where the chosen model fails, or None.
    """

    __slots__ = (
        "_last",
        "_tokens",
        "asked",
        "llm",
        "metadata",
        "models",
        "on_failure",
        "responses",
        "settings",
    )
    _tokens: tuple[Token[dict[str, Any]], Token[RoutedCall | None]]

    def __init__(self, llm: LLM, metadata: dict[str, str | float], models: Models) -> None:
        self.llm = llm
        self.metadata = metadata
        self.models = models
        self.settings: dict[str, Any] = {}
        self.on_failure: Callable[[], None] | None = None
        self.asked: list[Any] = []
        self.responses: list[ChatResponse | CompletionResponse] = []
        self._last: ChatResponse | None = None

    def over(self, llm: LLM) -> Route:
        """Return this route to another way to call the chosen model."""
        other = copy(self)
        other.llm = llm
        return other

    def given(self, kwargs: dict[str, Any]) -> dict[str, Any]:
        """Return a call's arguments with what this route adds to them."""
        return {**kwargs, **self.settings} if self.settings else kwargs

    @property
    def tag(self) -> dict[str, Any]:
        """What events inside it carry."""
        return self.metadata

    @property
    def model(self) -> str:
        """The chosen model's name."""
        return str(self.metadata["model"])

    @property
    def caller(self) -> FunctionCallingLLM:
        """The chosen model as one that calls functions."""
        return function_calling(self.llm)

    def sent(self, messages: Sequence[ChatMessage]) -> Sequence[ChatMessage]:
        """Return a conversation as the chosen model may be sent it: the same, but for others' reasoning."""
        return self.models.reasoning.sendable(messages, self.model, self.models.by_name)

    def filled(self, template: BasePromptTemplate) -> BasePromptTemplate:
        """Return a template as the chosen model may be sent it, likewise."""
        return self.models.reasoning.sendable_template(template, self.model, self.models.by_name)

    def answered_by(self, response: ChatResponse | CompletionResponse, llm: object = None) -> str:
        """Return the name of the model that answered: the chosen one, or a fallback of its own.

        Args:
            response: The answer.
            llm: The LLM that gave it, where that is known.
        """
        return answering_model(response, llm, self.model, self.models.by_name)

    def __enter__(self) -> Self:
        tags = {**active_instrument_tags.get(), DECISION_KEY: self.tag}
        self._tokens = active_instrument_tags.set(tags), current_call.set(self)
        return self

    def __exit__(self, kind: type[BaseException] | None, *error: object) -> None:
        if kind is not None and self.on_failure is not None and issubclass(kind, Exception):
            self.on_failure()
        tags, call = self._tokens
        active_instrument_tags.reset(tags)
        current_call.reset(call)

    def annotate(self, response: Response) -> Response:
        """Return the response with the decision on it, never on its message: that may be sent again.

        The child's own response is left as it is; it may keep it.
        """
        if isinstance(response, ChatResponse):
            self.models.reasoning.keep(response.message, self.model)
        return self._with_decision(response)

    def annotate_each(self, chunks: Iterable[Response]) -> Generator[Response, None, None]:
        """Annotate each chunk; closing this stream closes the child's."""
        return self.read(chunks, self._chunk)

    def annotate_each_async(self, chunks: AsyncIterable[Response]) -> AsyncGenerator[Response, None]:
        """Annotate each chunk; closing this stream closes the child's at once, not when it is collected."""
        return self.aread(chunks, self._chunk)

    def read(
        self, parts: Iterable[Part], transform: Callable[[Part], Part] | None = None
    ) -> Generator[Part, None, None]:
        """Read a stream inside this block, each part as `transform` returns it."""
        reading = iter(parts)
        try:
            while True:
                with self:
                    part = next(reading, END)
                if isinstance(part, End):
                    return
                yield part if transform is None else transform(part)
        finally:
            self._keep_reasoning()
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
                    part = await anext(reading, END)
                if isinstance(part, End):
                    return
                yield part if transform is None else transform(part)
        finally:
            self._keep_reasoning()
            if isinstance(parts, AsyncGenerator):
                await parts.aclose()

    def _chunk(self, chunk: Response) -> Response:
        if isinstance(chunk, ChatResponse):
            self._last = chunk
        return self._with_decision(chunk)

    def _keep_reasoning(self) -> None:
        """Remember whose a stream's reasoning is when it is whole."""
        if self._last is not None:
            self.models.reasoning.keep(self._last.message, self.model)

    def _with_decision(self, response: Response) -> Response:
        annotated = {**response.additional_kwargs, DECISION_KEY: self.told(response)}
        return response.model_copy(update={"additional_kwargs": annotated})

    def told(self, response: ChatResponse | CompletionResponse) -> dict[str, Any]:
        """Return the decision as a response tells it: by the model that answered, with its dollars."""
        decision = dict(self.metadata)
        answered_by = self.answered_by(response, self.asked[-1] if self.asked else None)
        if answered_by != self.model:
            decision = {**decision, "model": answered_by, "fallback_for": self.model}
        if self.models.bill.prices:
            dollars = self.models.bill.dollars(answered_by, reported_tokens(response))
            decision |= {} if dollars is None else {"dollars": dollars}
        return decision
