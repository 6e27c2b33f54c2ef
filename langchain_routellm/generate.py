"""`generate`: many conversations in one call, each to its own child, answered in the caller's order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.outputs import ChatGeneration, LLMResult

from langchain_routellm.calls import RoutedCall
from langchain_routellm.carrying import Carried


@dataclass(frozen=True, slots=True)
class Group:
    """Conversations with one decision: they share their run's metadata, so one child call takes them all."""

    first: RoutedCall
    positions: list[int]
    messages: list[Any]

    def generate(self) -> LLMResult:
        """Ask the child, by its own `generate` where it is a chat model."""
        model, call = self.first.model, self.first
        if isinstance(model, Carried):
            return model.run(lambda routed: Group(routed, self.positions, [routed.input]).generate())
        if isinstance(model, BaseChatModel):
            return model.generate(self.messages, **self._arguments())
        return _result([model.invoke(each, call.config, **call.kwargs) for each in self.messages])

    async def agenerate(self) -> LLMResult:
        """Ask the child like `generate`."""
        model, call = self.first.model, self.first
        if isinstance(model, Carried):
            return await model.arun(lambda routed: Group(routed, self.positions, [routed.input]).agenerate())
        if isinstance(model, BaseChatModel):
            return await model.agenerate(self.messages, **self._arguments())
        return _result([await model.ainvoke(each, call.config, **call.kwargs) for each in self.messages])

    def _arguments(self) -> dict[str, Any]:
        # `generate` takes a run's config as arguments of its own; an id given to it is the first run's
        config = {key: self.first.config.get(key) for key in ("callbacks", "tags", "metadata", "run_name")}
        run_id = self.first.config.get("run_id") if self.positions[0] == 0 else None
        return {**config, "run_id": run_id, **self.first.kwargs}


def grouped(calls: Sequence[RoutedCall], decisions: Sequence[object]) -> list[Group]:
    """Collect conversations by decision, in the order in which the decisions first appear."""
    groups: dict[object, Group] = {}
    for position, (routed, decision) in enumerate(zip(calls, decisions, strict=True)):
        # a child that is no chat model is asked one by one, and each answer may be by another model
        together = decision if isinstance(routed.model, BaseChatModel) else position
        group = groups.setdefault(together, Group(routed, [], []))
        group.positions.append(position)
        group.messages.append(routed.input)
    return list(groups.values())


def merged(groups: Sequence[Group], results: Sequence[LLMResult]) -> LLMResult:
    """Return one result in the caller's order, each message with its decision.

    `llm_output` is the child's own where one call answered everything; otherwise it holds each model's
    by name, the last call's where a model had several.
    """
    generations: dict[int, list[Any]] = {}
    runs: dict[int, Any] = {}
    for group, result in zip(groups, results, strict=True):
        for position, answers in zip(group.positions, result.generations, strict=True):
            generations[position] = [group.first.decision_metadata.add_to(answer) for answer in answers]
        runs.update(zip(group.positions, result.run or [], strict=False))
    outputs = {
        str(group.first.decision_metadata.decision["model"]): result.llm_output
        for group, result in zip(groups, results, strict=True)
        if result.llm_output is not None
    }
    return LLMResult(
        generations=[generations[position] for position in sorted(generations)],
        llm_output=results[0].llm_output if len(results) == 1 else outputs,
        run=[runs[position] for position in sorted(runs)] or None,
    )


def _result(messages: list[Any]) -> LLMResult:
    return LLMResult(generations=[[ChatGeneration(message=message)] for message in messages])
