"""What can be said of why a prompt goes where it goes."""

from __future__ import annotations

from collections.abc import Sequence
from math import expm1

from shared_router.decisions import RoutingDecision
from shared_router.router import Router
from shared_router.routers.knn import KNNRouter
from shared_router.routers.local import LocalRouter
from shared_router.routers.neighbor import Neighbor
from shared_router.text_features import FEATURE_NAMES, text_features

NO_NEIGHBORS = (
    "This router keeps no training prompts, so it cannot name the nearest. KNNRouter does, and LocalRouter "
    "with keep_rows=True."
)

_REASONS = {
    "score": "the win probability against the threshold",
}


def reasons_of(decision: RoutingDecision, router: Router, prompt: str) -> list[tuple[str, str]]:
    """Return what is known of a decision, each fact's name before it."""
    sign = ">=" if decision.model == "strong" else "<"
    found = [("decided by", _REASONS.get(decision.reason, decision.reason))]
    if decision.win_probability is not None:
        found.append(("rule", f"{decision.win_probability:.4f} {sign} {decision.threshold:.4f}"))
    if decision.coverage is not None:
        found.append(("coverage: how much of the prompt the router knows", f"{decision.coverage:.2f}"))
    similarity = router.training_similarity([prompt])
    if similarity is not None:
        found.append(("cosine to the nearest training prompt", f"{similarity[0]:.2f}"))
    spread = router.spread([prompt])
    if spread is not None:
        found.append(("standard deviation of the win probability", f"{spread[0]:.3f}"))
    return found


def features_of(prompt: str) -> list[tuple[str, str]]:
    """Return what the form of a prompt says of it: every feature that is not 0, counts as counts."""
    row = text_features([prompt])[0]
    return [
        _feature(name, value) for name, value in zip(FEATURE_NAMES, row.tolist(), strict=True) if value > 0
    ]


def neighbors_of(router: Router, prompt: str) -> Sequence[Neighbor]:
    """Return the training prompts nearest a prompt; none where the router keeps none."""
    return router.neighbors(prompt) if isinstance(router, (KNNRouter, LocalRouter)) else []


def _feature(name: str, value: float) -> tuple[str, str]:
    words = name.removeprefix("log_").replace("_", " ")
    return (words, f"{expm1(value):.3g}") if name.startswith("log_") else (words, f"{value:.2f}")
