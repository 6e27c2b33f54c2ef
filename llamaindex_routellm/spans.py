"""The questions of the spans that enclose a call.

Some flows write the question into a prompt before the LLM sees it and leave no template variable
(condensing a chat, choosing an index, generating queries). LlamaIndex's instrumentation still holds the
call that began it all, with its arguments, for as long as it runs.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar, NamedTuple, Protocol

from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.llms import LLM
from llama_index.core.llms.structured_llm import StructuredLLM
from llama_index.core.schema import QueryBundle, TransformComponent
from llama_index_instrumentation import get_dispatcher
from llama_index_instrumentation.span import BaseSpan, active_span_id
from llama_index_instrumentation.span_handlers import BaseSpanHandler

QUESTION_ARGUMENTS = (
    "query",
    "str_or_query_bundle",
    "query_bundle",
    "query_bundle_or_str",
    "query_str",
    "message",
    "user_msg",
)
"""What LlamaIndex's engines, retrievers, selectors and agents call their user's question."""


_AGENT_MODULES = ("llama_index.core.agent", "llama_index.agent")


class _Kind(NamedTuple):
    """What a call may be made on."""

    reads_documents: bool
    is_llm: bool
    is_agent: bool


class RoutedCall(Protocol):
    """A routed call that is under way.

    Attributes:
        asked: The LLMs that are asked inside it and have not failed: the last one answers.
        responses: What LLMs answered inside it, where `EndedCalls` watches.
    """

    asked: list[Any]
    responses: list[Any]


current_call: ContextVar[RoutedCall | None] = ContextVar("routellm_call", default=None)
"""The routed call that is under way."""


@dataclass(slots=True)  # not frozen: one is made for every call in the process, and that takes thrice as long
class OpenSpan:
    """A call that is running.

    Attributes:
        parent_id: The span it was made in.
        instance: What it was called on.
        arguments: What it was called with.
    """

    parent_id: str | None
    instance: Any
    arguments: inspect.BoundArguments

    @property
    def reads_documents(self) -> bool:
        """Whether it is an ingestion step's, which reads documents whoever began it."""
        return _kind(type(self.instance)).reads_documents  # type: ignore[arg-type]

    @property
    def question(self) -> str | None:
        """The text of the argument that is a question; None if there is none."""
        given = self.arguments.arguments
        if isinstance(further := given.get("kwargs"), dict):  # a parameter of that name may hold anything
            given = {**given, **further}
        begun_by = given.get("start_event")  # a workflow's, and so an agent's, run makes an event of keywords
        for name in QUESTION_ARGUMENTS:
            text = text_of(given.get(name, getattr(begun_by, name, None)))
            if text is not None:
                return text
        return None


def text_of(value: object) -> str | None:
    """Return the text of what LlamaIndex passes a question as, or None if it is something else."""
    if isinstance(value, str):
        return value
    if isinstance(value, QueryBundle):
        return value.query_str
    if isinstance(value, ChatMessage):
        return value.content
    return None


@lru_cache(maxsize=256)  # asking pydantic's classes takes longer than all the rest of a look at a span
def _kind(instance_class: type) -> _Kind:
    """Tell what a call is made on."""
    return _Kind(
        reads_documents=issubclass(instance_class, TransformComponent),
        is_llm=issubclass(instance_class, LLM),
        is_agent=any(base.__module__.startswith(_AGENT_MODULES) for base in instance_class.__mro__),
    )


class OpenSpans(BaseSpanHandler[BaseSpan]):
    """Remember each open span's arguments, and nothing of a span that has ended."""

    # of the process, as the handler is; pydantic looks up a field of its own more slowly than all else here
    _running: ClassVar[dict[str, OpenSpan]] = {}

    @classmethod
    def class_name(cls) -> str:
        """Name the handler."""
        return "RouteLLMOpenSpans"

    @classmethod
    def watch(cls) -> OpenSpans:
        """Return the process's one handler, watching every span from now on."""
        root = get_dispatcher()
        for handler in root.span_handlers:
            if isinstance(handler, cls):
                return handler
        handler = cls()
        root.add_span_handler(handler)
        return handler

    def nearest(self) -> OpenSpan | None:
        """Return the innermost running call that was given a question.

        An ingestion step counts too, and holds none: what it reads are documents, whoever began it.
        """
        span = self._running.get(active_span_id.get() or "")
        while span is not None:
            kind = _kind(type(span.instance))  # type: ignore[arg-type]
            if kind.reads_documents or (not kind.is_llm and span.question is not None):
                return span
            span = self._running.get(span.parent_id or "")
        return None

    def in_agent(self) -> bool:
        """Tell whether an agent's run is open around this call."""
        span = self._running.get(active_span_id.get() or "")
        while span is not None:
            if _kind(type(span.instance)).is_agent:  # type: ignore[arg-type]
                return True
            span = self._running.get(span.parent_id or "")
        return False

    def around(self, span_id: str) -> Iterator[str]:
        """Yield the ids of the running calls around one, innermost first."""
        span = self._running.get(span_id)
        while span is not None and span.parent_id is not None:
            yield span.parent_id
            span = self._running.get(span.parent_id)

    def instance_of(self, span_id: str) -> Any:
        """Return what a running call was made on; None for one that nobody knows."""
        span = self._running.get(span_id)
        return None if span is None else span.instance

    def is_structured(self, span_id: str) -> bool:
        """Tell whether a running call is a structured LLM's, which has another LLM answer it."""
        span = self._running.get(span_id)
        return span is not None and isinstance(span.instance, StructuredLLM)

    def outermost(self) -> str | None:
        """Return the id of the outermost running call around this one, which names the run it is part of."""
        run = active_span_id.get()
        for around in self.around(run or ""):
            run = around
        return run

    def __len__(self) -> int:
        """Count the calls that are running."""
        return len(self._running)

    def span_enter(
        self,
        id_: str,
        bound_args: inspect.BoundArguments,
        instance: Any | None = None,
        parent_id: str | None = None,
        tags: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """Remember a call."""
        del tags, kwargs
        self._running[id_] = OpenSpan(parent_id, instance, bound_args)
        call = current_call.get()
        if call is not None and _kind(type(instance)).is_llm:  # type: ignore[arg-type]
            call.asked.append(instance)

    def span_exit(self, id_: str, *args: Any, **kwargs: Any) -> None:
        """Forget a call that has returned."""
        del args, kwargs
        self._running.pop(id_, None)

    def span_drop(self, id_: str, *args: Any, **kwargs: Any) -> None:
        """Forget a call that has failed."""
        del args, kwargs
        span = self._running.pop(id_, None)
        if span is not None and (call := current_call.get()) is not None:
            call.asked[:] = [llm for llm in call.asked if llm is not span.instance]

    def new_span(self, *args: Any, **kwargs: Any) -> None:
        """Make no span object: this handler keeps its own records."""

    def prepare_to_exit_span(self, *args: Any, **kwargs: Any) -> None:
        """Have nothing to prepare."""

    def prepare_to_drop_span(self, *args: Any, **kwargs: Any) -> None:
        """Have nothing to prepare."""
