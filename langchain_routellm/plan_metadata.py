"""What a plan came to, on its answer: as a decision's metadata, with every call that was made."""

from __future__ import annotations

from typing import Any

from langchain_core.messages.ai import UsageMetadata

from langchain_routellm.metadata import DecisionMetadata, RemembersToolCalls
from langchain_routellm.prices import token_usage
from shared_router import Bill, PlanCall, PlanDecision, total_dollars


class PlanMetadata(DecisionMetadata):
    """Write what a plan came to on its answer, whole or chunk by chunk.

    In a stream with prices the last call stands on the last chunk, where its dollars are known: chunks that
    are added up have all calls in order.

    Args:
        decision: What the plan came to, with the calls made so far.
        bill: What the models cost.
        thread: What remembers the tools that the answer asks for.
        is_made: Whether the call that answers is among those; else it is added when it has answered.
    """

    __slots__ = ("is_made", "plan")

    def __init__(
        self, decision: PlanDecision, bill: Bill, thread: RemembersToolCalls | None, *, is_made: bool
    ) -> None:
        about = decision.as_metadata()
        about.pop("calls")
        about.pop("dollars", None)
        super().__init__(about, bill, thread)
        self.plan = decision
        self.is_made = is_made

    def total(self, usage: UsageMetadata | None) -> float | None:
        """Return what all calls of the plan cost; None where one's cost is not known."""
        dollars: float | None = self._calls((), usage).get("dollars")
        return dollars

    def _whole(self, usage: UsageMetadata | None) -> dict[str, Any]:
        return {**self.told, **self._calls(self.plan.calls, usage)}

    def _first(self) -> dict[str, Any]:
        if self.is_made or not self.bill.prices:
            return self._whole(None)
        return {**self.told, "calls": [call.as_metadata() for call in self.plan.calls]}

    def _last(self, usage: UsageMetadata | None) -> dict[str, Any]:
        return {} if self.is_made else self._calls((), usage)

    def _calls(self, before: tuple[PlanCall, ...], usage: UsageMetadata | None) -> dict[str, Any]:
        """Return the calls to tell, and what all calls of the plan cost, where that is known."""
        told, made = before, self.plan.calls
        if not self.is_made:
            model = str(self.told["model"])
            dollars = None if usage is None else self.bill.dollars(model, token_usage(usage))
            own = PlanCall(model, dollars=dollars)
            told, made = (*before, own), (*made, own)
        total = total_dollars(made)
        return {
            **({} if total is None else {"dollars": total}),
            "calls": [call.as_metadata() for call in told],
        }
