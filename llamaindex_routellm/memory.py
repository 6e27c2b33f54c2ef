"""One question, one decision: its chunks, its steps and its tool loop stay on one model.

A whole conversation that stays with its model is known by its words, see `shared_router.Conversations`.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import replace

from shared_router import (
    AnyMessage,
    InvalidInputError,
    RoutingDecision,
    RoutingPolicy,
    RoutingRequest,
    clean,
    plain_messages,
)

Key = tuple[bytes, str | None]
"""A question's hash and, for what holds within one run alone, the run."""

_SHORT = 4096
"""Characters that are hashed faster than they are cleaned."""

_SCORED = ("score", "explore", "no_coverage")
"""The reasons of decisions that rest on a score, or on a lot drawn once for the question."""

_SCORE_ONLY = -1.0
"""The threshold of a decision that is remembered for its score alone: no policy has it."""


class DecisionMemory:
    """Decide each question once.

    A score holds wherever the question is asked again: it says something of the question alone. Another
    threshold is compared with the same score. A fallback after a router's failure holds for the run in which
    it was made, so that a router that works again is asked again, but no run changes models in the middle.
    Hashes are kept, never a question's text.

    Args:
        policy: The rule that decides.
        size: How many questions to remember, the latest ones; 0 remembers none.
        run: Names the run that a call is part of, or None where that is not known; None never knows.
        keep_runs: Whether a run keeps the model of a fallback.

    Raises:
        InvalidInputError: If `size` is not a number of questions.
    """

    def __init__(
        self,
        policy: RoutingPolicy,
        size: int,
        run: Callable[[], str | None] | None = None,
        *,
        keep_runs: bool = True,
    ) -> None:
        if type(size) is not int or size < 0:
            raise InvalidInputError(f"cache_size must be a number of questions >= 0, got {size!r}")
        self.policy = policy
        self.size = size
        self._run = run or _no_run
        self._keep_runs = keep_runs
        self._decisions: OrderedDict[Key, RoutingDecision] = OrderedDict()
        self._lock = threading.Lock()
        self._has_fallbacks = False

    def decide(self, request: RoutingRequest, *, continues: bool = False) -> RoutingDecision:
        """Decide where a request goes.

        Args:
            request: The request.
            continues: Whether it shows by itself that it goes on with its question, as a tool loop does.
        """
        question = self._question(request)
        known = self._recall(question, continues)
        if known is None:
            decision = self.policy.decide(request)
            known = self._first(question, request, decision)
            if known is None:
                return decision
        if self._holds(known, request):
            if self.policy.guard is None:
                return known
            return _unless_vetoed(known, self.policy.decide(replace(request, sticky_to=known.model)))
        return self._keep(question, request, self.policy.decide(_with_known(request, known)))

    async def adecide(self, request: RoutingRequest, *, continues: bool = False) -> RoutingDecision:
        """Decide where a request goes, off the event loop where that can block it."""
        question = self._question(request)
        known = self._recall(question, continues)
        if known is None:
            decision = await self.policy.adecide(request)
            known = self._first(question, request, decision)
            if known is None:
                return decision
        if self._holds(known, request):
            if self.policy.guard is None:
                return known
            return _unless_vetoed(known, await self.policy.adecide(replace(request, sticky_to=known.model)))
        if known.reason in _SCORED and self.policy.guard is None:  # no scoring, and so no thread
            return self._keep(question, request, self.policy.decide(_with_known(request, known)))
        return self._keep(question, request, await self.policy.adecide(_with_known(request, known)))

    def model_of(self, question: str) -> str | None:
        """Return where a question goes by its score, if that is remembered."""
        request = RoutingRequest(question)
        known = self._recall(self._question(request), continues=False)
        if known is None or known.reason not in _SCORED:
            return None
        if self._holds(known, request):
            return known.model
        if self.policy.guard is not None:  # it may block, and is asked about the call itself
            return known.model if known.threshold != _SCORE_ONLY else None
        return self.policy.decide(_with_known(request, known)).model

    def keep_fallback(self, request: RoutingRequest, decision: RoutingDecision) -> None:
        """Remember that another model has answered a question, for the run in which it did."""
        question = self._question(request)
        if question is None or not self._keep_runs:
            return
        with self._lock:
            self._has_fallbacks = True
            self._decisions[question, self._run()] = self._decisions[question, None] = decision
            self._forget_oldest()

    def __len__(self) -> int:
        """Count the decisions remembered."""
        return len(self._decisions)

    def _question(self, request: RoutingRequest) -> bytes | None:
        """Return a question's hash; None for a request that no score decides."""
        only_one = request.candidates is not None and len(request.candidates) == 1
        if not self.size or request.query is None or request.route or request.sticky_to or only_one:
            return None
        # a short text is known again as it is; cleaning bounds what a long one costs
        text = request.query if len(request.query) <= _SHORT else clean(request.query)
        if self.policy.reads_conversations and callable(request.messages):
            text = "\n".join([*_before(request.messages()), text])
        if (arm := self.policy.arm_of(request)) is not None:
            text = f"{arm}\n{text}"
        return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()

    def _holds(self, known: RoutingDecision, request: RoutingRequest) -> bool:
        """Tell whether what was decided once is the answer, or a reason to ask the policy again."""
        return (
            known.reason in _SCORED
            # it may be changed while the program runs; one that moves by itself changes nobody's model
            and (self.policy.moves or known.threshold == self.policy.threshold)
            and request.threshold is None
            and request.candidates is None
            and request.leaning is None
        )

    def _recall(self, question: bytes | None, continues: bool) -> RoutingDecision | None:
        if question is None or not self._decisions:
            return None
        with self._lock:
            return self._find(question, continues)

    def _find(self, question: bytes, continues: bool) -> RoutingDecision | None:
        if self._has_fallbacks and (moved := self._moved(question, continues)) is not None:
            return moved
        scored = self._decisions.get((question, ""))
        if scored is not None:
            self._decisions.move_to_end((question, ""))
            return scored
        if not self._keep_runs:
            return None
        fallback = self._decisions.get((question, self._run()))
        return self._decisions.get((question, None)) if fallback is None and continues else fallback

    def _moved(self, question: bytes, continues: bool) -> RoutingDecision | None:
        """Return who answered in the place of the chosen model, earlier in this run."""
        last = self._decisions.get((question, None))
        if last is None or not last.reason.startswith("fallback:"):
            return None
        run = self._run()
        if run is not None and (in_run := self._decisions.get((question, run))) is not None:
            return in_run
        if continues:
            return last
        del self._decisions[question, None]  # the question begins anew, and its tools with it
        return None

    def _first(
        self, question: bytes | None, request: RoutingRequest, decision: RoutingDecision
    ) -> RoutingDecision | None:
        """Return what a call of this question that was asked at the same time made first, or keep ours."""
        if question is None:
            return None
        with self._lock:
            first = self._find(question, continues=False)
            if first is None:
                self._put(question, request, decision)
            return first

    def _keep(
        self, question: bytes | None, request: RoutingRequest, decision: RoutingDecision
    ) -> RoutingDecision:
        if question is not None:
            with self._lock:
                self._put(question, request, decision)
        return decision

    def _put(self, question: bytes, request: RoutingRequest, decision: RoutingDecision) -> None:
        leans = request.leaning is not None and decision.reason == "sticky"
        if (leans or decision.reason in _SCORED) and decision.win_probability is not None:
            kept = decision
            if not (request.candidates is None and request.threshold is None and request.leaning is None):
                # made under a condition of this call alone: its score is worth keeping, its model is not
                scored = replace(decision, threshold=_SCORE_ONLY, reason="score")
                kept = self._decisions.get((question, "")) or scored
            self._decisions[question, ""] = kept
        elif decision.reason.startswith("router_error") and self._keep_runs:
            self._decisions[question, self._run()] = self._decisions[question, None] = decision
        self._forget_oldest()

    def _forget_oldest(self) -> None:
        while len(self._decisions) > self.size:
            self._decisions.popitem(last=False)


def _with_known(request: RoutingRequest, known: RoutingDecision) -> RoutingRequest:
    """Return the request with what is known of its question: its score, or the run's fallback."""
    if known.reason in _SCORED:
        return replace(request, win_probability=known.win_probability, coverage=known.coverage)
    return replace(request, sticky_to=known.model)


def _unless_vetoed(known: RoutingDecision, asked: RoutingDecision) -> RoutingDecision:
    """Return what was decided before, unless a guard, which is asked about each call, says otherwise now."""
    return known if asked.reason == "sticky" else asked


def _before(messages: Sequence[AnyMessage]) -> list[str]:
    """Return what was said before the latest turn of a conversation, by which a router may score it."""
    spoken = plain_messages(messages)
    users = [i for i, each in enumerate(spoken) if each["role"] == "user" and "synthetic" not in each]
    return [f"{each['role']}: {each['content']}" for each in spoken[: users[-1] if users else 0]]


def _no_run() -> None:
    """Know of no run."""
