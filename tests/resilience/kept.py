"""What the tests of the resilience room share: rules over two models, a clock, and one who watches."""

from collections.abc import Sequence
from typing import Any

from shared_router import Bill, Resilience, RoutingDecision, RoutingRequest, TokenPrices, TokenUsage
from shared_router.observers import CallEnd, Observer, WatchedCall
from shared_router.resilience.attempts import Attempts
from shared_router.resilience.breaker import Breakers
from shared_router.resilience.call_rules import CallRules

PRICES = {"strong": TokenPrices(10.0, 10.0), "weak": TokenPrices(1.0, 1.0)}
USAGE = TokenUsage(calls=1, input_tokens=100_000, output_tokens=0)
"""A dollar of the strong model's, ten cents of the weak one's."""


class Clock:
    """A clock that stands until it is told to go on."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Listener:
    """Keep what an observer is told."""

    wants_answers = False

    def __init__(self) -> None:
        self.calls: list[WatchedCall] = []
        self.ends: list[CallEnd] = []

    def decided(self, call: WatchedCall) -> None:
        """Keep a decision."""
        self.calls.append(call)

    def ended(self, call: WatchedCall, end: CallEnd) -> None:
        """Keep an end, of a call that was told."""
        assert any(each is call for each in self.calls)
        self.ends.append(end)


class RateLimitError(Exception):
    """A provider's, with its status."""

    status_code = 429


class BadRequestError(Exception):
    """A provider's, over what was asked."""

    status_code = 400


def rules(
    resilience: Resilience | None = None,
    *,
    observers: Sequence[Observer] = (),
    models: Sequence[str] = ("strong", "weak"),
    clock: Clock | None = None,
    **others: Any,
) -> CallRules:
    """Return rules over models, of which the dearest costs 10 dollars a million tokens."""
    breakers = None if clock is None else Breakers(clock=clock)
    bill = Bill({name: PRICES[name] for name in models if name in PRICES}, models)
    return CallRules(
        models, resilience=resilience, observers=observers, bill=bill, breakers=breakers, **others
    )


def begun(kept: CallRules, model: str = "strong", **request: Any) -> Attempts:
    """Return the attempts of a call that was sent to a model."""
    decision = RoutingDecision(model, 0.9, 0.5, "fixed", "score")
    return kept.ask(RoutingRequest("Why?", **request)).begin(decision)
