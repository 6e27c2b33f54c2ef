"""Every public way to call a chat model, each routed once and then the chosen child's own.

The child's run is the only run. A wrapper that overrides `_generate` alone, as LangChain's guide to
custom models has it, opens a run of its own around the child's: usage is then counted twice, tokens
stream twice, and a cache serves one model's answer for the other's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Literal, cast

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun, Callbacks
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult, LLMResult
from langchain_core.runnables import RunnableConfig
from langchain_core.runnables.config import ensure_config
from typing_extensions import override

from langchain_routellm.asking import all_aasked, all_asked
from langchain_routellm.calls import Call, RoutedCall
from langchain_routellm.carrying import Carried
from langchain_routellm.generate import Group, grouped, merged
from langchain_routellm.requests import call_of, with_own_settings
from langchain_routellm.routing import Routed
from shared_router import RoutingDecision


class EntryPoints(Routed[LanguageModelInput, AIMessage], BaseChatModel):
    """A chat model whose calls are other models' calls; which they are is the subclass's business."""

    @override
    def stream_events(
        self,
        input: LanguageModelInput,
        config: RunnableConfig | None = None,
        *,
        version: Literal["v1", "v2", "v3"] = "v2",
        stop: list[str] | None = None,
        **kwargs: Any,
    ) -> Any:
        if version != "v3":  # events of our own `stream`, which are the child's
            return super().stream_events(input, config, version=version, stop=stop, **kwargs)
        call = self._route_stream(input, config, stop, kwargs)
        return call.model.stream_events(call.input, call.config, version="v3", **call.kwargs)

    @override
    def astream_events(
        self,
        input: LanguageModelInput,
        config: RunnableConfig | None = None,
        *,
        version: Literal["v1", "v2", "v3"] = "v2",
        stop: list[str] | None = None,
        **kwargs: Any,
    ) -> Any:
        if version != "v3":
            return super().astream_events(input, config, version=version, stop=stop, **kwargs)
        return self._astream_events_v3(input, config, stop, kwargs)

    async def _astream_events_v3(
        self, model_input: Any, config: RunnableConfig | None, stop: list[str] | None, kwargs: dict[str, Any]
    ) -> Any:
        call = await self._aroute_stream(model_input, config, stop, kwargs)
        return await call.model.astream_events(call.input, call.config, version="v3", **call.kwargs)

    @override
    def generate(
        self,
        messages: list[list[BaseMessage]],
        stop: list[str] | None = None,
        callbacks: Callbacks = None,
        **kwargs: Any,
    ) -> LLMResult:
        calls = all_asked(self._generate_calls(messages, stop, callbacks, kwargs))
        groups = self._groups(calls, self.policy.decide_many([call.request for call in calls]))
        return merged(groups, [group.generate() for group in groups])

    @override
    async def agenerate(
        self,
        messages: list[list[BaseMessage]],
        stop: list[str] | None = None,
        callbacks: Callbacks = None,
        **kwargs: Any,
    ) -> LLMResult:
        calls = await all_aasked(self._generate_calls(messages, stop, callbacks, kwargs))
        groups = await self._agroups(calls, await self.policy.adecide_many([call.request for call in calls]))
        return merged(groups, await asyncio.gather(*(group.agenerate() for group in groups)))

    def _groups(self, calls: Sequence[Call], decisions: Sequence[RoutingDecision]) -> list[Group]:
        """Return decided conversations as those that one call of a child's answers."""
        sent = [self._sent(call, decision) for call, decision in zip(calls, decisions, strict=True)]
        return grouped(sent, decisions)

    async def _agroups(self, calls: Sequence[Call], decisions: Sequence[RoutingDecision]) -> list[Group]:
        """Return what `_groups` returns."""
        return self._groups(calls, decisions)

    def _generate_calls(
        self,
        messages: list[list[BaseMessage]],
        stop: list[str] | None,
        callbacks: Callbacks,
        kwargs: dict[str, Any],
    ) -> list[Call]:
        """Return a call for each conversation, under the very arguments that `generate` was given."""
        # `generate` takes its callbacks from its caller alone, so the config around it gives only settings
        own = {key: kwargs.pop(key, None) for key in ("tags", "metadata", "run_name", "run_id")}
        given = {"callbacks": callbacks, **own, "configurable": ensure_config()["configurable"]}
        config = with_own_settings(self, cast("RunnableConfig", given))
        if stop is not None:
            kwargs["stop"] = stop
        return [call_of(self, each, each, config, dict(kwargs)) for each in messages]

    @override
    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        # Abstract in the base class. LangChain calls it from methods that are overridden above; other
        # wrappers may call it under a run of their own, which a child's `generate` would double.
        def ask(call: RoutedCall) -> ChatResult:
            if isinstance(call.model, BaseChatModel):
                return call.model._generate(messages, run_manager=run_manager, **call.kwargs)
            answer = call.model.invoke(messages, call.config, **call.kwargs)
            return ChatResult(generations=[ChatGeneration(message=answer)])

        call = self._route(messages, None, stop, kwargs)
        return call.model.run(ask) if isinstance(call.model, Carried) else ask(call)

    @override
    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        async def ask(call: RoutedCall) -> ChatResult:
            if isinstance(call.model, BaseChatModel):
                return await call.model._agenerate(messages, run_manager=run_manager, **call.kwargs)
            answer = await call.model.ainvoke(messages, call.config, **call.kwargs)
            return ChatResult(generations=[ChatGeneration(message=answer)])

        call = await self._aroute(messages, None, stop, kwargs)
        return await (call.model.arun(ask) if isinstance(call.model, Carried) else ask(call))
