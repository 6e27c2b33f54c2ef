"""Which calls' answers a plan did not use: all but the last that one plan made."""

from __future__ import annotations

from collections import OrderedDict

from shared_router.costs.savings import TokenUsage

KEPT = 10_000
"""Plans that are remembered, for the calls that may follow; the oldest are forgotten."""


class RejectedCalls:
    """Count the tokens of the calls that another call of the same plan has followed.

    Attributes:
        usage: Their tokens by model's name.
    """

    def __init__(self) -> None:
        self.usage: dict[str, TokenUsage] = {}
        self._last: OrderedDict[str, tuple[str, TokenUsage]] = OrderedDict()

    def add(self, plan: str | None, model: str, usage: TokenUsage) -> None:
        """Count a call that has ended: the one before it in its plan was rejected.

        Args:
            plan: Names the plan that made it; None for a call of no plan.
            model: Who answered it.
            usage: Its tokens.
        """
        if plan is None:
            return
        before = self._last.pop(plan, None)
        if before is not None:
            name, tokens = before
            self.usage[name] = self.usage.get(name, TokenUsage()) + tokens
        self._last[plan] = (model, usage)
        while len(self._last) > KEPT:
            self._last.popitem(last=False)
