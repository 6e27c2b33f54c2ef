"""How a policy is asked: about one request or many, in an event loop or outside one.

The rules go first (`rules`), the router scores what they leave open in one pass, and each score is compared
(`threshold_rule`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from shared_router.choices import check_list
from shared_router.decisions import RoutingDecision, RoutingRequest, without_errors
from shared_router.errors import InvalidInputError
from shared_router.guarding import Guard, Guarding, Verdict
from shared_router.router import Router
from shared_router.scoring.failures import RouterHealth
from shared_router.scoring.guard import RouterGuard
from shared_router.scoring.in_turns import in_turns
from shared_router.scoring.questions import question_for
from shared_router.threshold_rule import ThresholdRule


class Deciding(ThresholdRule):
    """Decide requests; see `RoutingPolicy`, which says by which rule."""

    _guard: RouterGuard
    _guarding: Guarding | None = None
    _on_guard_error = "strong"

    @property
    def router(self) -> Router:
        """The router, loaded if it was given by name."""
        return self._source.load()

    @property
    def reads_conversations(self) -> bool:
        """Whether the router, if it is loaded, is asked about conversations and not their questions."""
        return self._source.loaded is not None and self._source.loaded.reads_conversations

    def decide(self, request: RoutingRequest | str | None) -> RoutingDecision:
        """Decide where one request, or just its question, goes; see `decide_many` for what is raised."""
        (outcome,) = self.decide_each([request])
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def decide_many(self, requests: Sequence[RoutingRequest | str | None]) -> list[RoutingDecision]:
        """Decide where each request goes, with one scoring pass for all.

        Args:
            requests: n requests, or just their questions.

        Returns:
            n decisions, in order. A router that fails on one query fails for that request alone.

        Raises:
            InvalidInputError: If a request's own threshold or route is outside its rule.
            CapabilityError: If no model can serve one of the requests.
            VetoError: If the guard refuses one, or another error that it returned for it.
            GuardError: If it fails on one, where `on_guard_error` is `"raise"`.
            Exception: What the router raised, where `on_router_error` is `"raise"`.
        """
        return without_errors(self.decide_each(requests))

    def decide_each(
        self, requests: Sequence[RoutingRequest | str | None]
    ) -> list[RoutingDecision | Exception]:
        """Decide like `decide_many`, with an error in the place of the request it belongs to.

        Args:
            requests: n requests, or just their questions.

        Returns:
            n decisions or what `decide_many` would have raised, in order: in a batch, one bad request
            must not take the answers of the others.
        """
        asked = asked_of(requests)
        verdicts = None if self._guarding is None else self._guarding.verdicts(asked)
        # written out, where `adecide_each` has steps, for one request in microseconds is the common case
        if verdicts is None:
            ruled: list[RoutingDecision | Exception | None] = [*map(self._rule, asked)]
        else:
            ruled = [self._ruled(*row) for row in zip(asked, verdicts, strict=True)]
        open_ = [request for request, outcome in zip(asked, ruled, strict=True) if outcome is None]
        scores: Iterator[float | Exception] = iter(())
        if open_:
            router = self.router  # where nothing is caught: a bad checkpoint is no router's failure
            scores = iter(self._guard.score(router, [question_for(router, request) for request in open_]))
        decided = [
            self._by_score(request, next(scores)) if outcome is None else outcome
            for request, outcome in zip(asked, ruled, strict=True)
        ]
        if self._watchers:
            self._watch(asked, ruled, decided)
        return decided

    async def adecide(self, request: RoutingRequest | str | None) -> RoutingDecision:
        """Decide where one request goes, off the event loop where scoring can block it."""
        return (await self.adecide_many([request]))[0]

    async def adecide_many(self, requests: Sequence[RoutingRequest | str | None]) -> list[RoutingDecision]:
        """Decide where each request goes, off the event loop where scoring can block it."""
        return without_errors(await self.adecide_each(requests))

    async def adecide_each(
        self, requests: Sequence[RoutingRequest | str | None]
    ) -> list[RoutingDecision | Exception]:
        """Decide like `decide_each`, off the event loop where scoring can block it.

        What is done on the loop, the rules, cleaning and comparing, is done in turns of a millisecond.
        """
        if not self._threshold.at_hand:  # decisions name it, also those that no score makes
            await self._guard.run(lambda: self.threshold)
        asked = await in_turns(_request, _listed(requests))
        verdicts = None if self._guarding is None else await self._guarding.averdicts(asked)
        ruled = await in_turns(self._ruled, asked, verdicts or [None] * len(asked))
        open_ = [request for request, outcome in zip(asked, ruled, strict=True) if outcome is None]
        scores: list[float | Exception] = []
        if open_:
            router = self._source.loaded
            router = await self._guard.run(self._source.load) if router is None else router
            questions = await in_turns(partial(question_for, router), open_)
            scores = await self._guard.ascore(router, questions)
        decided = await in_turns(self._decided, asked, ruled, _in_place(ruled, scores))
        if self._watchers:  # of all, once all were decided by one threshold
            await in_turns(self._watch, *([[each] for each in column] for column in (asked, ruled, decided)))
        return decided

    def arm_of(self, request: RoutingRequest) -> str | None:
        """Return which policy of a test decides a request; None where no two are compared."""
        del request
        return None

    @property
    def health(self) -> RouterHealth:
        """How the router has done so far: what it scored, what failed, whether it is asked."""
        return self._guard.health

    @property
    def guard(self) -> Guard | None:
        """What may veto a route; None where nothing does. It may be assigned."""
        return None if self._guarding is None else self._guarding.guard

    @guard.setter
    def guard(self, guard: Guard | None) -> None:
        self._guarding = Guarding.of(guard, self.models, self._on_guard_error, self._guard.timeout_s)

    @property
    def on_guard_error(self) -> str:
        """Where a request goes that the guard fails on."""
        return self._on_guard_error

    def _later_rules(self) -> dict[str, Any]:
        """Return what stands in a policy's file only where it is not what it is without a word."""
        on_guard_error = None if self.guard is None else self.on_guard_error
        return {"explore": self.explore.as_settings(), "on_guard_error": on_guard_error}

    def _ruled(self, request: RoutingRequest, verdict: Verdict | None) -> RoutingDecision | Exception | None:
        """Return what the guard and the rules say of a request; None leaves it to its score."""
        return verdict if isinstance(verdict, Exception) else self._rule(request, verdict)

    def _decided(
        self,
        request: RoutingRequest,
        ruled: RoutingDecision | Exception | None,
        score: float | Exception,
    ) -> RoutingDecision | Exception:
        return self._by_score(request, score) if ruled is None else ruled


def asked_of(requests: Sequence[RoutingRequest | str | None]) -> list[RoutingRequest]:
    """Return requests, of which some may be just their questions.

    Raises:
        InvalidInputError: If they are one text.
    """
    return [each if isinstance(each, RoutingRequest) else RoutingRequest(each) for each in _listed(requests)]


def _listed(
    requests: Sequence[RoutingRequest | str | None],
) -> Sequence[RoutingRequest | str | None]:
    if isinstance(requests, str):
        raise InvalidInputError("requests must be a list, got one text; call decide, or put it in a list")
    check_list("requests", requests)
    return requests


def _request(request: RoutingRequest | str | None) -> RoutingRequest:
    return request if isinstance(request, RoutingRequest) else RoutingRequest(request)


def _in_place(ruled: Sequence[object], scores: Sequence[float | Exception]) -> list[float | Exception]:
    """Return each request's score; NaN, which nobody reads, where a rule has decided."""
    remaining = iter(scores)
    return [next(remaining) if outcome is None else float("nan") for outcome in ruled]
