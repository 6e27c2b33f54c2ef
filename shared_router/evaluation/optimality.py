"""How near a router's choices come to the best there were: RouterArena's score and three Opt columns.

The score is that of RouterArena (arXiv 2510.00202; `router_evaluation/compute_scores.py`):
`S = 1.1 A C / (0.1 A + C)`, `C = log2(200 / c) / log2(200 / 0.0044)`, with accuracy A in [0, 1] and c the
dollars of a thousand prompts. Its repository holds no code of the Opt columns; what is computed here agrees
with its board, where a router that always asks the cheapest model has Opt.Sel and Opt.Cost near 1 and Opt.Acc
low. The optimal model of a prompt is the cheapest of those with the best score there.
"""

from __future__ import annotations

import numpy as np

from shared_router.evaluation.pair import Floats, Pair

_WEIGHT, _DEAREST, _CHEAPEST = 0.1, 200.0, 0.0044


def arena_score(accuracy: Floats, dollars_per_thousand: Floats) -> Floats:
    """Return RouterArena's score, in [0, 1] where the cost is between its cheapest and its dearest.

    Args:
        accuracy: Mean quality in [0, 1], any shape.
        dollars_per_thousand: Dollars of a thousand prompts, > 0, the same shape.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        cheapness = np.log2(_DEAREST / dollars_per_thousand) / np.log2(_DEAREST / _CHEAPEST)
        score: Floats = (1 + _WEIGHT) * accuracy * cheapness / (_WEIGHT * accuracy + cheapness)
    return np.where(dollars_per_thousand > 0, score, np.nan)


def optimality(pair: Pair, sent: Floats, counts: Floats) -> dict[str, Floats]:
    """Return the Opt columns of B resamples, each shape (B,); NaN where nothing was answered well.

    `optimal_selection`: of the answers as good as the best (and better than nothing), the share by the
    optimal model. `optimal_cost`: what the optimal model would have cost on those over what was paid.
    `optimal_accuracy`: quality over that of always asking the better model.

    Args:
        pair: The n prompts; scores of 0 are no answer.
        sent: How likely each prompt goes to the strong model, shape (n,).
        counts: How often each resample drew each prompt, shape (n, B).
    """
    best = np.maximum(pair.strong, pair.weak)
    strong_right = ((pair.strong == best) & (best > 0)).astype(np.float64)
    weak_right = ((pair.weak == best) & (best > 0)).astype(np.float64)
    tied = strong_right * weak_right
    strong_optimal = strong_right - tied * (pair.weak_cost <= pair.strong_cost)
    weak_optimal = weak_right - tied * (pair.weak_cost > pair.strong_cost)
    right = sent * strong_right + (1 - sent) * weak_right
    optimal_price = strong_optimal * pair.strong_cost + weak_optimal * pair.weak_cost
    columns = np.stack(
        [
            sent * strong_optimal + (1 - sent) * weak_optimal,
            right,
            right * optimal_price,
            sent * strong_right * pair.strong_cost + (1 - sent) * weak_right * pair.weak_cost,
            pair.weak + sent * pair.gain,
            best,
        ]
    )
    optimal, answered, least, paid, quality, best_quality = columns @ counts
    return {
        "optimal_selection": ratio(optimal, answered),
        "optimal_cost": ratio(least, paid),
        "optimal_accuracy": ratio(quality, best_quality),
    }


def ratio(part: Floats, whole: Floats) -> Floats:
    """Return `part / whole`, NaN where the whole is not positive."""
    found: Floats = part / np.where(whole > 0, whole, np.nan)
    return found
