"""A batch, shared out: each child answers what goes to it by its own `batch`.

A child may know a better way to answer many inputs than one by one, and a chain batches step by step, so
the shares are not broken up into single calls. Both children work at the same time; a limit on
concurrency is divided between them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from langchain_core.runnables import Runnable, RunnableConfig
from langchain_core.runnables.config import get_executor_for_config
from langchain_core.runnables.utils import gather_with_concurrency

from langchain_routellm.calls import RefusedCall, RoutedCall


@dataclass(frozen=True, slots=True)
class Share:
    """The calls of a batch that go to one model, and where they stand in the batch."""

    model: Runnable[Any, Any]
    calls: list[RoutedCall]
    positions: list[int]

    def batch(self, limit: int | None, return_exceptions: bool) -> list[Any]:
        """Return the answers by the model's own `batch`, with their decisions or as exceptions."""
        inputs, configs, kwargs = self._arguments(limit)
        return self._with_decisions(
            self.model.batch(inputs, configs, return_exceptions=return_exceptions, **kwargs)
        )

    async def abatch(self, limit: int | None, return_exceptions: bool) -> list[Any]:
        """Return what `batch` returns."""
        inputs, configs, kwargs = self._arguments(limit)
        return self._with_decisions(
            await self.model.abatch(inputs, configs, return_exceptions=return_exceptions, **kwargs)
        )

    def _arguments(self, limit: int | None) -> tuple[list[Any], list[RunnableConfig], dict[str, Any]]:
        inputs = [call.input for call in self.calls]
        configs = [call.config for call in self.calls]
        if limit is not None:
            configs = [{**config, "max_concurrency": limit} for config in configs]
        return inputs, configs, self.calls[0].kwargs  # one call's arguments are those of the whole batch

    def _with_decisions(self, answers: Sequence[Any]) -> list[Any]:
        return [
            call.decision_metadata.add_to(answer) for call, answer in zip(self.calls, answers, strict=True)
        ]


class SharedBatch:
    """A batch whose every call is decided.

    Args:
        routed: The calls, in the caller's order.
        config: The batch's first config: LangChain takes a batch's limit from it.
        return_exceptions: Whether an error stands in its answer's place or is raised.
    """

    def __init__(
        self, routed: Sequence[RoutedCall | RefusedCall], config: RunnableConfig, return_exceptions: bool
    ) -> None:
        self.routed = routed
        self.config = config
        self.return_exceptions = return_exceptions
        shares: dict[int, Share] = {}
        for position, call in enumerate(routed):
            if isinstance(call, RoutedCall):
                share = shares.setdefault(id(call.model), Share(call.model, [], []))
                share.calls.append(call)
                share.positions.append(position)
            elif not return_exceptions:
                raise call.error
        self.shares = list(shares.values())

    def run(self) -> list[Any]:
        """Return the answers in the caller's order."""
        if len(self.shares) == 1:  # the child's own batch has its own threads
            return self._in_order([self._answers(self.shares[0])])
        with get_executor_for_config(self.config) as executor:
            return self._in_order(list(executor.map(self._answers, self.shares)))

    async def arun(self) -> list[Any]:
        """Return what `run` returns."""
        limit = self.config.get("max_concurrency")
        coroutines = (share.abatch(self._limit(share), self.return_exceptions) for share in self.shares)
        return self._in_order(await gather_with_concurrency(limit, *coroutines))

    def _answers(self, share: Share) -> list[Any]:
        return share.batch(self._limit(share), self.return_exceptions)

    def _limit(self, share: Share) -> int | None:
        limit = self.config.get("max_concurrency")
        return None if limit is None else max(1, limit * len(share.calls) // len(self.routed))

    def _in_order(self, answers: Sequence[list[Any]]) -> list[Any]:
        placed = {
            position: answer
            for share, own in zip(self.shares, answers, strict=True)
            for position, answer in zip(share.positions, own, strict=True)
        }
        return [
            call.error if isinstance(call, RefusedCall) else placed[position]
            for position, call in enumerate(self.routed)
        ]
