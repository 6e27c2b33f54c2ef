"""What a server serves: its policies, its upstreams, and who may ask for how much."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared_router.costs.bill import Bill
from shared_router.costs.prices import TokenPrices
from shared_router.observers import Observer
from shared_router.policy import RoutingPolicy
from shared_router.registry import router_names
from shared_router.resilience.breaker import Breakers
from shared_router.resilience.budgets.budget import Budget
from shared_router.resilience.budgets.budgets import Budgets
from shared_router.resilience.call_rules import CallRules
from shared_router.resilience.resilience import Resilience
from shared_router.serving.asked_model import AUTO, PREFIX
from shared_router.serving.sent_requests import Upstreams
from shared_router.serving.upstream import Upstream
from shared_router.serving.virtual_keys import VirtualKey, hash_of

MAX_BODY_BYTES = 32 * 1024 * 1024
_RULES = ("on_router_error", "on_no_query", "on_no_coverage")
"""What a router that a request names has of the server's own policy."""


@dataclass(frozen=True, slots=True)
class Client:
    """Whose request it is.

    Attributes:
        name: What it is called; None where the server has no keys.
        threshold: Its own threshold.
        rules: What its calls are made under.
    """

    name: str | None
    threshold: float | None
    rules: CallRules


class Policies:
    """The server's own policy, and those of other routers that a request may name.

    Args:
        own: The server's own.
    """

    def __init__(self, own: RoutingPolicy) -> None:
        self.own = own
        self._by_name: dict[str, RoutingPolicy] = {own.router_name: own}

    @property
    def names(self) -> Collection[str]:
        """The routers that may be named: the server's own and those that ship."""
        return {self.own.router_name, *router_names()}

    def named(self, router: str | None) -> RoutingPolicy:
        """Return the policy of a router among `names`; None is the server's own."""
        if router is None:
            return self.own
        if router not in self._by_name:
            rules = {name: getattr(self.own, name) for name in _RULES}
            self._by_name[router] = RoutingPolicy(router, **rules)
        return self._by_name[router]


class Served:
    """All that a server's requests share.

    Args:
        policy: What decides.
        strong: The service whose answers are better.
        weak: The service whose answers are cheaper.
        keys: Who may ask, by the SHA-256 of their key; None lets everybody ask.
        prices: What the models cost, for budgets and logs.
        resilience: When the other model is asked.
        budget: What all calls together may cost.
        budget_store: Where budgets are counted; see `Budget`.
        max_output_tokens: How long an answer counts for a key's budget that does not say it, where a
            request does not either.
        observers: Who is told of each decision.
        shows_scores: Whether answers tell the win probability and the threshold; whoever reads them can
            search for words that turn a request strong.
        max_body_bytes: How large a request may be.
        origins: The pages, such as `https://chat.example.com`, that may ask from a browser; `*` is every one.
    """

    def __init__(
        self,
        policy: RoutingPolicy,
        *,
        strong: Upstream,
        weak: Upstream,
        keys: Mapping[str, VirtualKey] | None = None,
        prices: Mapping[str, TokenPrices] | None = None,
        resilience: Resilience | None = None,
        budget: Budget | None = None,
        budget_store: str | None = None,
        max_output_tokens: int | None = None,
        observers: Sequence[Observer] = (),
        shows_scores: bool = True,
        max_body_bytes: int = MAX_BODY_BYTES,
        origins: Collection[str] = (),
    ) -> None:
        self.policies = Policies(policy)
        self.services = {"strong": strong, "weak": weak}
        self.upstreams = Upstreams()
        self.shows_scores = shows_scores
        self.max_body_bytes = max_body_bytes
        self.origins = frozenset(origins)
        self.by_model = {strong.model: "strong", weak.model: "weak"}
        self._bill = Bill(prices, policy.models)
        self._rules: dict[str, Any] = {
            "resilience": resilience,
            "observers": observers,
            "breakers": Breakers(),
        }
        settings = {"store": budget_store, "max_output_tokens": max_output_tokens}
        own = [] if budget is None else [budget]
        self._open = Client(None, None, self._under(own)) if keys is None else None
        given = {} if keys is None else keys
        # an old key and its new one are one client's, who has one budget
        clients = {
            key.name: Client(key.name, key.threshold, self._under([*own, *_budgets_of(key, settings)]))
            for key in given.values()
        }
        self._keyed = {sha256: clients[key.name] for sha256, key in given.items()}

    def client(self, key: str) -> Client | None:
        """Return whose key it is, or None where it is nobody's; everybody's where the server has no keys."""
        return self._open if self._open is not None else self._keyed.get(hash_of(key))

    def has_key(self, text: str) -> bool:
        """Tell whether a text is somebody's key."""
        return hash_of(text) in self._keyed

    def model_names(self) -> list[str]:
        """Return what may be asked for: each router at its own threshold, though at others too."""
        own = {name: self.policies.named(name).threshold for name in sorted(self.policies.names)}
        routers = [f"{PREFIX}{name}-{threshold:.6g}" for name, threshold in own.items()]
        return [AUTO, *routers, *dict.fromkeys([*self.services, *self.by_model])]

    def metrics(self) -> tuple[bytes, str]:
        """Return the metrics as Prometheus reads them, and their media type."""
        from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

        return generate_latest(), CONTENT_TYPE_LATEST

    async def close(self) -> None:
        """Close all connections to upstreams."""
        await self.upstreams.close()

    def _under(self, budgets: list[Budget]) -> CallRules:
        policy = self.policies.own
        counted = Budgets(budgets, bill=self._bill, policy=policy, max_output_tokens={}) if budgets else None
        return CallRules(policy.models, budgets=counted, bill=self._bill, **self._rules)


def _budgets_of(key: VirtualKey, settings: Mapping[str, Any]) -> list[Budget]:
    if key.budget is None:
        return []
    given: dict[str, Any] = {"key": f"key {key.name}", **settings, **key.budget}
    return [Budget(**given)]
