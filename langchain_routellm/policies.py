"""Which policy decides: the one that was given, or the rule over two models that the arguments describe."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path
from typing import Any

from shared_router import (
    ROUTER_TIMEOUT_S,
    GivenExploration,
    GivenThreshold,
    Guard,
    InvalidInputError,
    OnRouterError,
    Router,
    RoutingPolicy,
    Tier,
)

__all__ = ["RULES", "GivenPolicy", "GivenThreshold", "check_models", "loaded", "made_policy", "policy_of"]

GivenPolicy = RoutingPolicy | str | Path
"""A policy, or the file of one."""

RULES = (
    "router",
    "threshold",
    "strong_fraction",
    "router_timeout",
    "on_router_error",
    "on_no_query",
    "on_no_coverage",
    "expected_sha256",
    "explore",
    "guard",
    "on_guard_error",
    "given_policy",
)
"""The arguments that a policy is made from."""


def policy_of(policy: GivenPolicy | None, names: Collection[str], **rules: Any) -> RoutingPolicy:
    """Return the policy over these models.

    Args:
        policy: As in `made_policy`.
        names: The names of the models that there are.
        **rules: As in `made_policy`.

    Raises:
        InvalidInputError: If a rule is none, or the policy decides between other models.
        UnknownNameError: If no router has that name.
    """
    made = made_policy(given_policy=policy, **rules)
    check_models(made, names)
    return made


def made_policy(
    *,
    given_policy: GivenPolicy | None,
    router: str | Path | Router | None = None,
    threshold: GivenThreshold | None = None,
    strong_fraction: float | None = None,
    router_timeout: float | None = ROUTER_TIMEOUT_S,
    on_router_error: OnRouterError = "strong",
    on_no_query: Tier = "strong",
    on_no_coverage: str = "score",
    expected_sha256: str | None = None,
    explore: GivenExploration = 0.0,
    guard: Guard | None = None,
    on_guard_error: str = "strong",
) -> RoutingPolicy:
    """Return the policy that was given, or the rule over two models that the arguments describe.

    Args:
        given_policy: A policy, or the file of one; it brings its own router and rules, so that the others
            must be left out, but for `expected_sha256`, which then pins the file, and a file's `guard`.
        router: As in `RoutingPolicy`, or the folder of a router as a path.
        threshold: As in `RoutingPolicy`, like what follows.
        strong_fraction: The share of questions to send strong, in place of a threshold.
        router_timeout: How long the router may take.
        on_router_error: Where a request goes whose router fails.
        on_no_query: Where a request without a question goes.
        on_no_coverage: Where a question goes that the router knows next to nothing of; see `RoutingPolicy`.
        expected_sha256: The hash that pins a router given by name or folder.
        explore: The share that is drawn by lot, or an `Exploration`.
        guard: What may veto a route.
        on_guard_error: Where a request goes that the guard fails on.

    Raises:
        InvalidInputError: If the policy is none or stands beside a rule, or an argument breaks its rule.
        ArtifactError: If the policy's file is damaged, or not of this router.
        UnknownNameError: If no router has that name.
    """
    if given_policy is None:
        folder = os.fspath(router) if isinstance(router, os.PathLike) else router
        return RoutingPolicy(
            folder,
            threshold=threshold,
            strong_fraction=strong_fraction,
            router_timeout=router_timeout,
            on_router_error=on_router_error,
            on_no_query=on_no_query,
            on_no_coverage=on_no_coverage,
            expected_sha256=expected_sha256,
            explore=explore,
            guard=guard,
            on_guard_error=on_guard_error,
        )
    beside = (router, threshold, strong_fraction, router_timeout, explore)
    rules = (on_router_error, on_no_query, on_no_coverage, on_guard_error)
    pinned = isinstance(given_policy, RoutingPolicy) and (expected_sha256, guard) != (None, None)
    defaults = ("strong", "strong", "score", "strong")
    if beside != (None, None, None, ROUTER_TIMEOUT_S, 0) or rules != defaults or pinned:
        raise InvalidInputError(
            "policy must come without router, threshold, strong_fraction, router_timeout, on_router_error, "
            "on_no_query, on_no_coverage, explore, guard, on_guard_error and expected_sha256, got one "
            "beside it; give them to the policy"
        )
    return loaded(given_policy, expected_sha256=expected_sha256, guard=guard)


def loaded(
    policy: GivenPolicy, *, expected_sha256: str | None = None, guard: Guard | None = None
) -> RoutingPolicy:
    """Return a policy that may be given as its file.

    Raises:
        InvalidInputError: If it is neither.
        ArtifactError: If the file is damaged, or not of the router that is there.
    """
    if isinstance(policy, RoutingPolicy):
        return policy
    if isinstance(policy, str | os.PathLike):
        return RoutingPolicy.load(policy, expected_sha256=expected_sha256, guard=guard)
    raise InvalidInputError(
        f"policy must be a RoutingPolicy or the path of its file, got {type(policy).__name__}"
    )


def check_models(policy: RoutingPolicy, names: Collection[str]) -> None:
    """Check that a policy decides between the models that there are.

    Raises:
        InvalidInputError: If there are others, or it names others.
    """
    if set(policy.models) != set(names):
        raise InvalidInputError(
            f"models must be those that the policy decides between, {sorted(policy.models)}, got "
            f"{sorted(names)}; give a policy= over their names"
        )
