"""What a request leans to: its conversation's model, by how the conversation is kept."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from shared_router.conversations import Kept
from shared_router.costs.prices import TokenPrices
from shared_router.decisions import RoutingRequest
from shared_router.stickiness import CachedPrompt, Leaning, Stickiness

CHARACTERS_OF_A_TOKEN = 4
"""About, in English and by the tokenizers that there are."""

PromptSizes = Callable[[], tuple[int, int]]
"""Returns the characters of a prompt, and those of them that the model has read before."""


def leaning(
    request: RoutingRequest,
    kept: Kept | None,
    stickiness: Stickiness | None,
    *,
    models: Sequence[str],
    prices: Mapping[str, TokenPrices],
    sizes: PromptSizes,
    now: Callable[[], float] = time.monotonic,
) -> RoutingRequest:
    """Return a request that leans to the model that its conversation is with.

    Args:
        request: The request.
        kept: Where the conversation's latest turn went; None for a new conversation.
        stickiness: How a change is weighed; None where conversations are kept in another way.
        models: All models that the policy has, best first.
        prices: What the models cost, by name.
        sizes: Measures the prompt, where prices are weighed.
        now: Tells the time in seconds, as in `Conversations`.
    """
    if stickiness is None or kept is None or kept.model not in models or request.sticky_to is not None:
        return request
    if stickiness.rule == "upward":
        return _upward(request, kept.model, stickiness, tuple(models))
    warm = now() - kept.at <= stickiness.cache_seconds
    prompt = _cached(stickiness, prices, sizes) if warm and prices else None
    return replace(request, leaning=Leaning(kept.model, stickiness.margin, prompt))


def _upward(
    request: RoutingRequest, model: str, stickiness: Stickiness, models: tuple[str, ...]
) -> RoutingRequest:
    candidates = models if request.candidates is None else request.candidates
    no_worse = models[: models.index(model) + 1]
    left = tuple(name for name in candidates if name in no_worse)
    if len(left) == 1:  # no score can change it, so none is asked for
        return replace(request, sticky_to=left[0])
    if left and left != candidates:
        request = replace(request, candidates=left)
    return replace(request, leaning=Leaning(model, stickiness.margin))


def _cached(
    stickiness: Stickiness, prices: Mapping[str, TokenPrices], sizes: PromptSizes
) -> CachedPrompt | None:
    whole, before = (characters // CHARACTERS_OF_A_TOKEN for characters in sizes())
    if before < stickiness.least_cached_tokens:
        return None
    return CachedPrompt(prices, whole, min(before, whole), stickiness.answer_tokens)
