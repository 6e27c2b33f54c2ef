"""Whom a call asks first, and whom after that: past models that are left alone, and each model once."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from shared_router.decisions import RoutingRequest
from shared_router.resilience.errors_that_move_on import kind_of, retry_after_of
from shared_router.resilience.resilience import Resilience

if TYPE_CHECKING:
    from shared_router.resilience.call_rules import CallRules


class NextModel:
    """Choose among a call's models.

    A model that is left alone is asked only where no other is left, and one call asks one such model at most:
    so that a provider that is down gets no traffic, and a request is not given up while a model may answer.

    Args:
        rules: What the call is made under.
        rule: When another model is asked.
        request: What the policy was asked; it says which models can serve it.
        routed: The model that the policy chose.

    Attributes:
        asked: The models that were asked, the latest one last.
    """

    __slots__ = ("_avoided", "_is_last", "_permit", "_request", "_routed", "_rule", "_rules", "asked")

    def __init__(self, rules: CallRules, rule: Resilience, request: RoutingRequest, routed: str) -> None:
        self._rules = rules
        self._rule = rule
        self._request = request
        self._routed = routed
        self._avoided: Collection[str] = ()
        self._is_last = False
        self._permit: int | None = None
        self.asked: list[str] = []

    def first(self, avoided: Collection[str] = ()) -> tuple[str | None, str | None]:
        """Return whom to ask first, and why it is not the routed model, None where it is.

        Args:
            avoided: Models that failed this request before, or are being asked around it.

        Returns:
            The model, None where none is left.
        """
        self._avoided = avoided
        routed = self._routed
        if routed not in avoided and self._let_in(routed):
            self.asked.append(routed)
            return routed, None
        left = self.left()
        if not left:
            return None, None
        why = "ring" if routed in avoided else "breaker"
        # where nobody else may be asked, the routed model is, whatever its breaker says
        model = self._first_let_in(left if self._rule.max_attempts > 1 else left[-1:])
        return model, None if model == routed else why

    def left(self) -> list[str]:
        """Return who may still be asked, in order."""
        if self._is_last or len(self.asked) >= self._rule.max_attempts:
            return []
        able = self._request.candidates or self._rules.models
        others = (*self._rule.others(self._routed, self._rules.models), self._routed)
        return [name for name in others if name in able and name not in (*self.asked, *self._avoided)]

    def after(self) -> str | None:
        """Return whom to ask after the latest one, or None."""
        left = self.left()
        return self._first_let_in(left) if left else None

    def planned(self, model: str, *, force: bool) -> bool:
        """Ask a model that a plan asks next, and tell whether it may be.

        Args:
            model: Its name.
            force: Whether to ask it whatever its breaker says.
        """
        if not self._let_in(model):
            if not force:
                return False
            self._permit = self._rules.breakers.of(model, self._rule).force()
        self.asked.append(model)
        return True

    def instead(self, model: str) -> None:
        """Ask another model in the place of the latest one, which was not asked."""
        self.released()
        self.asked[-1:] = [model]
        self._permit = self._rules.breakers.of(model, self._rule).force()

    def succeeded(self) -> None:
        """Say that the latest one has answered."""
        if self._permit is not None:
            self._rules.breakers.of(self.asked[-1], self._rule).succeeded(self._permit)
            self._permit = None

    def failed(self, error: BaseException, *, moves: bool) -> None:
        """Say that the latest one has raised an error, and whether that is the model's fault."""
        if self._permit is None:
            return
        breaker = self._rules.breakers.of(self.asked[-1], self._rule)
        if moves and kind_of(error) != "refusal":
            breaker.failed(self._permit, retry_after_of(error))
        else:
            breaker.released(self._permit)
        self._permit = None

    def released(self) -> None:
        """Say that nothing is known of the latest one."""
        if self._permit is not None:
            self._rules.breakers.of(self.asked[-1], self._rule).released(self._permit)
            self._permit = None

    def _first_let_in(self, left: list[str]) -> str:
        """Return the first model whose breaker lets the call in, else the one that does so soonest."""
        for model in left:
            if self._let_in(model):
                self.asked.append(model)
                return model
        breakers = self._rules.breakers
        soonest = min(left, key=lambda name: breakers.of(name, self._rule).admits_at)
        self._permit = breakers.of(soonest, self._rule).force()
        self._is_last = True
        self.asked.append(soonest)
        return soonest

    def _let_in(self, model: str) -> bool:
        self._permit = self._rules.breakers.of(model, self._rule).admit()
        return self._permit is not None
