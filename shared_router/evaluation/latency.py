"""How long answers take: time to first token and whole latency, at the median and the 95th percentile."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from shared_router.evaluation.pair import Floats


@dataclass(frozen=True, slots=True)
class ModelLatency:
    """How long one model, or a router's mix of two, takes.

    Attributes:
        name: The model or router.
        n: How many answers have a latency.
        latency_p50_ms: The median answer, in milliseconds; None where none is known.
        latency_p95_ms: The 95th percentile.
        first_token_p50_ms: The median time to the first token.
        first_token_p95_ms: The 95th percentile.
    """

    name: str
    n: int
    latency_p50_ms: float | None
    latency_p95_ms: float | None
    first_token_p50_ms: float | None
    first_token_p95_ms: float | None


def model_latency(name: str, latency_ms: Floats, first_token_ms: Floats) -> ModelLatency | None:
    """Summarise one model's answers.

    Args:
        name: The model.
        latency_ms: Milliseconds, NaN where unknown.
        first_token_ms: Milliseconds to the first token, NaN where unknown.

    Returns:
        None where nothing is known.
    """
    known = latency_ms[np.isfinite(latency_ms)]
    first = first_token_ms[np.isfinite(first_token_ms)]
    if len(known) == 0 and len(first) == 0:
        return None
    return ModelLatency(name, max(len(known), len(first)), *_percentiles(known), *_percentiles(first))


def routed_latency(
    name: str, sent: Floats, latency_ms: tuple[Floats, Floats], first_token_ms: tuple[Floats, Floats]
) -> ModelLatency | None:
    """Summarise the answers that a router chooses.

    Args:
        name: The router.
        sent: Which prompts go strong, shape (n,); from .5 on counts as strong.
        latency_ms: The strong and the weak model's milliseconds, each shape (n,).
        first_token_ms: The same to the first token.
    """
    strong = sent >= 0.5
    return model_latency(name, np.where(strong, *latency_ms), np.where(strong, *first_token_ms))


def _percentiles(values: Floats) -> tuple[float | None, float | None]:
    if len(values) == 0:
        return None, None
    p50, p95 = np.percentile(values, [50, 95])
    return float(p50), float(p95)
