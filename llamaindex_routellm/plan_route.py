"""A route that is a plan's: what it tells holds every call that the plan has made."""

from __future__ import annotations

from typing import Any, TypeVar, cast

from llama_index.core.base.llms.types import ChatResponse, CompletionResponse
from llama_index.core.llms import LLM

from llamaindex_routellm.metadata import DECISION_KEY
from llamaindex_routellm.route import Models, Route
from shared_router import PlanCall, PlanDecision, total_dollars

Output = TypeVar("Output")


class PlanRoute(Route):
    """Where one call of a plan goes.

    Attributes:
        plan: What the plan has come to so far.
        name: What events name the plan by, so that its calls are counted as one answer.
        is_last: Whether the answer is used whatever it is, so that it tells all calls.
    """

    __slots__ = ("is_last", "name", "plan")

    def __init__(
        self, llm: LLM, plan: PlanDecision, models: Models, *, name: str, source: str, is_last: bool
    ) -> None:
        super().__init__(llm, told_of(plan, source), models)
        del self.metadata["calls"]
        self.metadata.pop("dollars", None)
        self.plan = plan
        self.name = name
        self.is_last = is_last

    @property
    def tag(self) -> dict[str, Any]:
        """What events inside it carry."""
        return {**self.metadata, "plan": self.name}

    def told(self, response: ChatResponse | CompletionResponse) -> dict[str, Any]:
        """Return the decision as a response tells it: with every call, this one last."""
        decision = super().told(response)
        if not self.is_last:
            return decision
        own = PlanCall(str(decision["model"]), dollars=decision.pop("dollars", None))
        calls = (*self.plan.calls, own)
        total = total_dollars(calls)
        return {
            **decision,
            **({} if total is None else {"dollars": total}),
            "calls": [call.as_metadata() for call in calls],
        }


def told_of(plan: PlanDecision, source: str) -> dict[str, Any]:
    """Return what a plan came to as a response's metadata.

    Args:
        plan: What it came to.
        source: Where the question was found.
    """
    return {**plan.as_metadata(), "source": source}


def with_decision(output: Output, told: dict[str, Any]) -> Output:
    """Return a response with what its plan came to on it; anything else, such as a text, as it is."""
    if not isinstance(output, ChatResponse | CompletionResponse):
        return output
    annotated = {**output.additional_kwargs, DECISION_KEY: told}
    return cast("Output", output.model_copy(update={"additional_kwargs": annotated}))
