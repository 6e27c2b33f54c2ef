"""Two policies side by side: each conversation is one's or the other's, and its decisions say whose.

A conversation's arm is a hash of its name, so that it is the same in every process and at every turn, and
nothing has to be kept. Which arm is better is told by `compare_arms` on the decision log.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from shared_router.calibration.drift import DriftMonitor
from shared_router.choices import check_share, shown, shown_kind
from shared_router.deciding import asked_of
from shared_router.decisions import RoutingDecision, RoutingRequest
from shared_router.errors import InvalidInputError
from shared_router.exploration import Exploration, GivenExploration
from shared_router.guarding import Guard
from shared_router.lots import Lots, lot_of
from shared_router.named_conversations import current_conversation
from shared_router.policy import RoutingPolicy
from shared_router.router import Router
from shared_router.scoring.failures import RouterHealth
from shared_router.text import clean

Decided = RoutingDecision | Exception


class SplitPolicy(RoutingPolicy):
    """Let one policy decide some conversations and another the others, for a test of which is better.

    It is used wherever a policy is. A request without a conversation is known by its question: the steps of
    one question have one arm, and so has a question that comes again. What is set on a policy, such as its
    threshold, its monitor or what it explores, is set on `a` and `b`.

    Args:
        a: The policy as it is.
        b: The one to compare it with, over the same models.
        share: Which share of conversations is `b`'s, in (0, 1).
        name: The test's name: another name deals conversations anew.

    Attributes:
        a: The policy of arm `"a"`.
        b: The policy of arm `"b"`.
        share: The share of arm `"b"`.

    Raises:
        InvalidInputError: If an argument is outside its rule, or the policies decide between other models.
    """

    def __init__(self, a: RoutingPolicy, b: RoutingPolicy, *, share: float = 0.5, name: str = "ab") -> None:
        for arm, policy in (("a", a), ("b", b)):
            if not isinstance(policy, RoutingPolicy) or isinstance(policy, SplitPolicy):
                raise InvalidInputError(f"{arm} must be a policy that is no split, got {shown_kind(policy)}")
        if set(a.models) != set(b.models):
            raise InvalidInputError(
                f"policies must decide between the same models, got {list(a.models)} and {list(b.models)}"
            )
        check_share("share", share, open_ends=True)
        if not isinstance(name, str) or not name:
            raise InvalidInputError(f"a test's name must be a text that is not empty, got {shown(name)}")
        self.a, self.b = a, b
        self.share = float(share)
        self.name = name
        self.models = a.models
        self._lots = Lots()

    def __repr__(self) -> str:
        """Show both."""
        return f"SplitPolicy({self.a!r}, {self.b!r}, share={self.share!r}, name={self.name!r})"

    def arm_of(self, request: RoutingRequest) -> str:
        """Return whose a request is, `"a"` or `"b"`: the same in every process."""
        conversation = current_conversation() if request.conversation is None else request.conversation
        if conversation is not None:
            lot = lot_of(str(conversation), salt=f"conversation {self.name}")
        elif request.query:
            lot = lot_of(clean(request.query), salt=f"question {self.name}")
        else:  # such as an image alone, of which nothing can be told apart
            lot = self._lots.draw()
        return "b" if lot < self.share else "a"

    def decide_each(self, requests: Sequence[RoutingRequest | str | None]) -> list[Decided]:
        """Decide like `RoutingPolicy.decide_each`, each request by its arm's policy."""
        asked = asked_of(requests)
        arms = [self.arm_of(request) for request in asked]
        decided = {arm: policy.decide_each(_of_arm(arm, arms, asked)) for arm, policy in self._policies(arms)}
        return _in_place(arms, decided)

    async def adecide_each(self, requests: Sequence[RoutingRequest | str | None]) -> list[Decided]:
        """Decide like `decide_each`, off the event loop where scoring can block it."""
        asked = asked_of(requests)
        arms = [self.arm_of(request) for request in asked]
        decided = {
            arm: await policy.adecide_each(_of_arm(arm, arms, asked)) for arm, policy in self._policies(arms)
        }
        return _in_place(arms, decided)

    @property
    def router(self) -> Router:
        """Arm a's router."""
        return self.a.router

    @property
    def router_name(self) -> str:
        """Both routers' names; a decision has its own arm's."""
        return " | ".join(dict.fromkeys((self.a.router_name, self.b.router_name)))

    @property
    def threshold(self) -> float:
        """The higher one of both cost thresholds."""
        return max(self.a.threshold, self.b.threshold)

    @threshold.setter
    def threshold(self, threshold: float) -> None:
        del threshold
        raise _of_the_arms("threshold")

    @property
    def monitor(self) -> None:
        """None: each arm has its own."""

    @monitor.setter
    def monitor(self, monitor: DriftMonitor | None) -> None:
        del monitor
        raise _of_the_arms("monitor")

    @property
    def explore(self) -> Exploration:
        """Nothing: each arm has its own."""
        return Exploration(0)

    @explore.setter
    def explore(self, explore: GivenExploration) -> None:
        del explore
        raise _of_the_arms("explore")

    @property
    def moves(self) -> bool:
        """True: two thresholds are no new rule wherever they differ."""
        return True

    @property
    def choice(self) -> None:
        """None: each arm has its own."""

    @property
    def reads_conversations(self) -> bool:
        """Whether either router is asked about conversations."""
        return self.a.reads_conversations or self.b.reads_conversations

    @property
    def health(self) -> RouterHealth:
        """How both routers have done so far, together; `breaker` is the worse one."""
        a, b = self.a.health, self.b.health
        worse = min(a.breaker, b.breaker, key=("open", "half_open", "closed").index)
        return RouterHealth(a.scored + b.scored, Counter(a.failures) + Counter(b.failures), worse)

    @property
    def guard(self) -> Guard | None:
        """What may veto a route in either arm; each arm asks its own."""
        return self.a.guard or self.b.guard

    @guard.setter
    def guard(self, guard: Guard | None) -> None:
        del guard
        raise _of_the_arms("guard")

    def save(self, path: str | Path, *, overwrite: bool = False) -> str:  # noqa: ARG002
        """Refuse: a split is two policies, and each has a file.

        Raises:
            InvalidInputError: Always.
        """
        raise InvalidInputError(
            "a SplitPolicy is no file of its own; save its a and its b, and split them again"
        )

    def _policies(self, arms: Sequence[str]) -> list[tuple[str, RoutingPolicy]]:
        """Return the policies that are asked, by arm."""
        return [(arm, policy) for arm, policy in (("a", self.a), ("b", self.b)) if arm in arms]


def _of_arm(arm: str, arms: Sequence[str], asked: Sequence[RoutingRequest]) -> list[RoutingRequest]:
    return [request for own, request in zip(arms, asked, strict=True) if own == arm]


def _in_place(arms: Sequence[str], decided: Mapping[str, Sequence[Decided]]) -> list[Decided]:
    """Return the arms' decisions in the order of the requests, each with its arm."""
    following = {arm: iter(each) for arm, each in decided.items()}
    outcomes = [(arm, next(following[arm])) for arm in arms]
    return [each if isinstance(each, Exception) else replace(each, arm=arm) for arm, each in outcomes]


def _of_the_arms(name: str) -> InvalidInputError:
    return InvalidInputError(f"{name} of a SplitPolicy must be set on its arms, a and b")
