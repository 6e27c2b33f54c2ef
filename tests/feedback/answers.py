"""Graded answers of a log whose truth is known: proofs need the strong model, sums do not."""

from __future__ import annotations

import numpy as np

from shared_router.feedback.logged_feedback import LoggedFeedback


def graded_answers(
    n: int, *, propensity: float | None = 0.5, knows: bool = False, poisoned: float = 0.0, seed: int = 0
) -> LoggedFeedback:
    """Return n graded requests.

    Args:
        n: How many.
        propensity: The chance of either model; None grades both answers of each request.
        knows: Whether the policy of the log sends proofs strong; else it sends requests by lot.
        poisoned: The share whose grades an attacker turns round.
        seed: Draws them.
    """
    rng = np.random.default_rng(seed)
    proofs = rng.random(n) < 0.5
    prompts = [
        f"Prove that the cube root of {i + 2} is irrational." if proof else f"What is {i} plus {3 * i}?"
        for i, proof in enumerate(proofs.tolist())
    ]
    strong = rng.random(n) < 0.5
    strong_score = (rng.random(n) < 0.95).astype(np.float64)
    weak_score = np.where(proofs, rng.random(n) < 0.1, rng.random(n) < 0.95).astype(np.float64)
    own, other = np.where(strong, strong_score, weak_score), np.where(strong, weak_score, strong_score)
    own = np.where(rng.random(n) < poisoned, 1 - own, own)
    routed = proofs if knows else rng.random(n) < 0.5
    return LoggedFeedback(
        prompts=prompts,
        strong=strong,
        score=own,
        other_score=other if propensity is None else np.full(n, np.nan),
        propensity=np.full(n, 0.5 if propensity is None else propensity),
        routed_strong=routed,
        win_probability=np.where(routed, 0.8, 0.2),
        weights=np.ones(n),
    )
