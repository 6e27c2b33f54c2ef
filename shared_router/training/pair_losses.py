"""What PairRanker is trained with: which pairs, and what a pair's two scores lose.

LLM-Blender's `compute_loss` and `sampling` (arXiv 2306.02561, section 3.2, equation 2). A pair's candidates
change places with probability 1/2, so that no place wins.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import torch

PairLoss = Literal["bradley_terry", "bce", "mse"]
"""`"bradley_terry"` is what LLM-Blender calls `instructgpt`, PairRM's; `"bce"` is the paper's."""

PairSampling = Literal["all_pair", "top_bottom"]
"""Pairs of any two candidates, or each of the best with one of the worst."""


def pair_losses(
    loss: PairLoss, left: torch.Tensor, right: torch.Tensor, qualities: torch.Tensor
) -> torch.Tensor:
    """Return each pair's loss, shape (b,), the mean over the kinds of quality.

    With s and t the two scores and Q, R the two qualities:

    - `"bradley_terry"`: -log sigmoid((s - t) sign(Q - R)); equal qualities teach nothing.
    - `"bce"`: half the cross-entropy of s with 1[Q > R] and half that of t with 1[Q < R].
    - `"mse"`: (s - Q)^2 + (t - R)^2 - 2 (s - t)(Q - R).

    Args:
        loss: Which.
        left: The first candidates' scores, shape (b, k).
        right: The second ones', shape (b, k).
        qualities: What the candidates are worth, shape (b, 2, k), the first ones' first.
    """
    from torch.nn.functional import binary_cross_entropy_with_logits, softplus

    worth = qualities.to(left)
    difference = worth[:, 0] - worth[:, 1]
    if loss == "bradley_terry":
        return softplus(-(left - right) * difference.sign()).mean(dim=1)
    if loss == "bce":
        wins = binary_cross_entropy_with_logits(left, (difference > 0).to(left), reduction="none")
        losses = binary_cross_entropy_with_logits(right, (difference < 0).to(left), reduction="none")
        return ((wins + losses) / 2).mean(dim=1)
    squares = (left - worth[:, 0]) ** 2 + (right - worth[:, 1]) ** 2
    return (squares - 2 * (left - right) * difference).mean(dim=1)


def sampled_pairs(
    candidates: Sequence[str],
    qualities: NDArray[np.float64],
    *,
    sampling: PairSampling,
    most: int,
    rng: np.random.Generator,
) -> list[tuple[int, int]]:
    """Return which of one question's candidates are compared in training, no text with itself.

    Args:
        candidates: The answers; of equal ones the first alone takes part.
        qualities: What they are worth, shape (n, k).
        sampling: How pairs are drawn.
        most: The most pairs, >= 1.
        rng: Draws them.
    """
    first = {text: at for at, text in reversed(list(enumerate(candidates)))}
    own = sorted(first.values())
    if sampling == "all_pair":
        pairs = list(combinations(own, 2))
        return [pairs[at] for at in rng.permutation(len(pairs))[:most]]
    best = sorted(own, key=lambda at: -float(qualities[at].mean()))
    n = min(most, len(best) // 2)
    return list(zip(best[:n], best[len(best) - n :], strict=True))
