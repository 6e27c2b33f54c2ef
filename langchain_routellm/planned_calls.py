"""What calls have in common that are plans: each makes its children's calls before it is sent on itself."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from langchain_core.language_models import LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from langchain_core.runnables import Runnable, RunnableConfig
from typing_extensions import override

from langchain_routellm.calls import Call, RefusedCall
from langchain_routellm.content import content_needs
from langchain_routellm.entry_points import EntryPoints
from langchain_routellm.generate import Group, grouped
from langchain_routellm.routing import RoutedBatches, Turn
from shared_router import RoutingDecision

_CONTENT = frozenset({"images", "pdf", "audio", "video", "attachments"})


class PlannedCalls(RoutedBatches[LanguageModelInput, AIMessage], EntryPoints):
    """A chat model whose calls are plans over its children."""

    @override
    def _batched(
        self, turns: list[Turn], configs: list[RunnableConfig], return_exceptions: bool
    ) -> list[Any]:
        _raise_refused(turns, return_exceptions)
        # one by one, in LangChain's threads: a plan's second call waits for its first
        return Runnable.batch(self, turns, configs, return_exceptions=return_exceptions)  # type: ignore[misc]

    @override
    async def _abatched(
        self, turns: list[Turn], configs: list[RunnableConfig], return_exceptions: bool
    ) -> list[Any]:
        _raise_refused(turns, return_exceptions)
        return await Runnable.abatch(self, turns, configs, return_exceptions=return_exceptions)  # type: ignore[misc]

    @override
    def _groups(self, calls: Sequence[Call], decisions: Sequence[RoutingDecision]) -> list[Group]:
        sent = [self._sent(call, decision) for call, decision in zip(calls, decisions, strict=True)]
        return grouped(sent, range(len(sent)))  # each has calls of its own to tell

    @override
    async def _agroups(self, calls: Sequence[Call], decisions: Sequence[RoutingDecision]) -> list[Group]:
        each = (self._asent(call, decision) for call, decision in zip(calls, decisions, strict=True))
        sent = await asyncio.gather(*each)
        return grouped(sent, range(len(sent)))


def holds(messages: Sequence[BaseMessage]) -> frozenset[str]:
    """Return what a question holds beside text: what has come since the user last spoke."""
    last = max((at for at, each in enumerate(messages) if isinstance(each, HumanMessage)), default=0)
    return frozenset(content_needs(messages[last:])) & _CONTENT


def _raise_refused(turns: Sequence[Turn], return_exceptions: bool) -> None:
    for turn in turns:
        if isinstance(turn, RefusedCall) and not return_exceptions:
            raise turn.error
