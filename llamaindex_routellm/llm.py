"""`RoutedLLM`: a strong and a weak LLM as one, each question answered by the one worth its price.

Its constructor and what steers it stand here. Every method of a LlamaIndex LLM stands with its kind:

    chat               chat, complete, stream_chat, stream_complete, and the four that begin with `a`
    predict            predict, stream, structured_predict, stream_structured_predict, and their async four
    tools              chat_with_tools, stream_chat_with_tools, predict_and_call, their async three, and
                       get_tool_calls_from_response
    self_description   to_dict, from_dict, copies and pickles
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

from llama_index.core.base.llms.types import LLMMetadata
from llama_index.core.callbacks import CallbackManager
from llama_index.core.llms import LLM
from pydantic import BaseModel, Field, PrivateAttr, SerializeAsAny

from llamaindex_routellm.capabilities import (
    ContextWindow,
    check_context_window,
    merged_metadata,
    warn_of_unlike_roles,
)
from llamaindex_routellm.chat import RoutedChat
from llamaindex_routellm.children import (
    OWN_FIELDS,
    PUSHED_FIELDS,
    Unassigned,
    check_children,
    children_of,
    common_fields,
    policy_of,
    refuse_own_fields,
)
from llamaindex_routellm.memory import DecisionMemory
from llamaindex_routellm.metadata import capture
from llamaindex_routellm.override import overriding
from llamaindex_routellm.predict import RoutedPredict
from llamaindex_routellm.query import QUERY_KEYS, LLMCall, QueryExtractor, QuestionFinder, question_scope
from llamaindex_routellm.routing import Route, Routing
from llamaindex_routellm.self_description import SelfDescription
from llamaindex_routellm.spans import OpenSpans
from llamaindex_routellm.structured import RoutedStructuredLLM
from llamaindex_routellm.tools import RoutedTools
from shared_router import (
    Conversations,
    OnRouterError,
    Router,
    RoutingDecision,
    RoutingPolicy,
    Sticky,
    Tier,
    TokenPrices,
    check_prices,
    check_sticky,
)


class RoutedLLM(SelfDescription, RoutedChat, RoutedPredict, RoutedTools):
    """Route every question to a strong or a weak LLM.

    It takes the place of an LLM anywhere in LlamaIndex: `Settings.llm = RoutedLLM(strong=..., weak=...)`.
    What is scored is the user's question, never the documents around it; the chosen model gets the
    untouched call. The decision is on each response's `additional_kwargs["routellm"]`, on the
    instrumentation's `RoutingDecisionEvent`, and in `with routed.capture() as decisions`.

    Args:
        strong: The model worth its price on hard questions.
        weak: The model that does for the others.
        router: What tells them apart: a router, the name or folder of one, or None for the shipped one.
        threshold: The cost threshold, in [0, 1]: strong iff the win probability reaches it, so higher is
            cheaper. None takes the router's recommended one.
        query_keys: Template variables that hold a question, best first.
        query_extractor: A way of your own to find the question, asked first: from the call to its text, or
            None to go on looking. What it raises reaches the caller.
        on_no_query: Where a call without a question goes, such as an ingestion step's.
        on_router_error: Where a call goes whose router fails, or `"raise"`.
        sticky: Whether what goes on keeps its model: `"tool_loop"` until the tools it asked for have been
            answered, `"conversation"` for good, False never. One question has one score in any case.
        others: Further models by name, for a `policy` that decides between more than two.
        policy: A rule of your own, in the place of `router`, `threshold` and both `on_...`.
        context_window: What `metadata` says the window is: `"min"` of all, the `"strong"` model's, or a
            number of tokens. A larger one packs more, and calls that the weak model cannot hold go strong.
        track_query_spans: Whether to look for the question in enclosing LlamaIndex calls.
        cache_size: How many questions' scores to remember, so that the calls of one question are decided
            once; 0 remembers none.
        prices: What `"strong"` and `"weak"` cost; a decision then says its answer's `dollars` too, where the
            provider reports tokens.
        callback_manager: Handed to both models, as whatever LlamaIndex assigns later is.
        system_prompt: Given to a model that has none of its own.
        **refused: Fields of an LLM that belong on the children.

    Raises:
        InvalidInputError: If an argument is outside its rule.
        UnknownNameError: If no router has that name.
    """

    strong: SerializeAsAny[LLM] = Field(description="The strong model.", exclude=True, repr=False)
    weak: SerializeAsAny[LLM] = Field(description="The weak model.", exclude=True, repr=False)
    _routing: Routing = PrivateAttr()
    others: dict[str, SerializeAsAny[LLM]] = Field(
        default_factory=dict, description="Further models.", exclude=True, repr=False
    )
    _context_window: ContextWindow = PrivateAttr()
    _warned: bool = PrivateAttr(default=False)

    def __init__(
        self,
        *,
        strong: LLM,
        weak: LLM,
        router: Router | str | None = None,
        threshold: float | None = None,
        query_keys: Sequence[str] = QUERY_KEYS,
        query_extractor: QueryExtractor | None = None,
        on_no_query: Tier = "strong",
        on_router_error: OnRouterError = "strong",
        sticky: Sticky = "tool_loop",
        others: Mapping[str, LLM] | None = None,
        policy: RoutingPolicy | None = None,
        context_window: ContextWindow = "min",
        track_query_spans: bool = True,
        cache_size: int = 1024,
        prices: Mapping[str, TokenPrices] | None = None,
        callback_manager: CallbackManager | None = None,
        system_prompt: str | None = None,
        **refused: Any,
    ) -> None:
        refuse_own_fields(refused)
        check_sticky(sticky)
        check_context_window(context_window)
        rule = {"router": router, "on_no_query": on_no_query, "on_router_error": on_router_error}
        decides = policy_of(policy, threshold=threshold, **rule)
        children = children_of(strong, weak, others)
        check_children(children, decides.models)
        check_prices(prices, decides.models)
        open_spans = OpenSpans.watch() if track_query_spans else None
        finder = QuestionFinder(query_keys, query_extractor, open_spans)
        run = None if open_spans is None else open_spans.outermost
        memory = DecisionMemory(decides, cache_size, run, keep_runs=sticky is not False)
        models: dict[str, Any] = {"strong": strong, "weak": weak, "others": dict(others or {})}
        super().__init__(**models, **common_fields(children, callback_manager, system_prompt))
        conversations = (
            Conversations(memory.size, first_turn_model=memory.model_of) if sticky == "conversation" else None
        )
        self._routing = Routing(decides, finder, memory, conversations, dict(prices or {}))
        self._context_window = context_window
        self._arguments = {
            **rule,
            "query_keys": query_keys,
            "query_extractor": query_extractor,
            "sticky": sticky,
            "policy": policy,
            "context_window": context_window,
            "track_query_spans": track_query_spans,
            "cache_size": cache_size,
            "prices": prices,
        }

    @classmethod
    def class_name(cls) -> str:
        """Name the class, as LlamaIndex serialises it."""
        return "RoutedLLM"

    @property
    def metadata(self) -> LLMMetadata:
        """What the models can do as one."""
        merged = merged_metadata(self.children, self._context_window)
        if not self._warned and any(
            llm.metadata.system_role != merged.system_role for llm in self.children.values()
        ):
            # not when constructed: some models ask their provider what they are
            self._warned = True
            warn_of_unlike_roles()
        return merged

    @property
    def children(self) -> dict[str, LLM]:
        """The models by name, best first."""
        return {"strong": self.strong, **self.others, "weak": self.weak}

    @property
    def policy(self) -> RoutingPolicy:
        """The rule that decides."""
        return self._routing.policy

    @property
    def threshold(self) -> float:
        """The cost threshold, in [0, 1]."""
        return self.policy.threshold

    def query(self, text: str | None) -> AbstractContextManager[None]:
        """Say what the question is, for the calls in a `with` block and the tasks and threads they start.

        Args:
            text: The question, or None to say that there is none, so that `on_no_query` decides.
        """
        return question_scope(text)

    def override(
        self, *, threshold: float | None = None, route: str | None = None
    ) -> AbstractContextManager[None]:
        """Steer this LLM's calls in a `with` block and in the tasks and threads it starts.

        Args:
            threshold: Their cost threshold, in [0, 1].
            route: The model they must go to, `"strong"` or `"weak"`, whatever the router says. One that
                cannot serve a call is refused with a `CapabilityError`.

        Raises:
            InvalidInputError: If neither is given, or the threshold is outside its rule.
            UnknownNameError: If there is no such model.
        """
        return overriding(self._routing.memory, threshold, route)

    def capture(self) -> AbstractContextManager[list[RoutingDecision]]:
        """Collect this LLM's decisions in a `with` block and in the tasks and threads it starts."""
        return capture(self._routing.memory)

    def as_structured_llm(self, output_cls: type[BaseModel], **kwargs: Any) -> RoutedStructuredLLM:
        """Return an LLM that answers with objects of a class, routed as this one.

        Args:
            output_cls: The class of the answers.
            **kwargs: Fields of a `StructuredLLM`.
        """
        return RoutedStructuredLLM(llm=self, output_cls=output_cls, **kwargs)

    def _route(self, call: LLMCall) -> Route:
        return self._routing.route(self.children, call)

    async def _aroute(self, call: LLMCall) -> Route:
        return await self._routing.aroute(self.children, call)

    def __setattr__(self, name: str, value: Any) -> None:
        """Set a field, or hand it to the models where it is theirs."""
        if name in OWN_FIELDS:
            refuse_own_fields({name: value})
        super().__setattr__(name, value)
        if name in PUSHED_FIELDS and not isinstance(value, Unassigned):
            for llm in self.children.values():
                setattr(llm, name, value)
