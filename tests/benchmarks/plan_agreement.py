"""Agreement's points: sample until the rest cannot change the decision, accept what enough samples say."""

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from tests.benchmarks.plan_curves import Floats, Places, Points, Scored, chosen, joined
from tests.benchmarks.plans_data import Sampled

_DIRECT = np.linspace(0, 1, 41)
_ORDERS = 5
"""Random orders of the samples that a prompt's spend and quality are the means of."""


def agreement(data: Sampled, k: int, ratio: float, *, seed: int) -> Points:
    """Return the points of `Agreement(k)` at its thresholds: accept never, where k, k - 1, ... 1 of k agree.

    The first sample is one weak call, each further one another; a rejected prompt pays the strong call too.

    Args:
        data: The samples.
        k: How many are asked for at most.
        ratio: The price ratio.
        seed: Orders the samples.
    """
    rng = np.random.default_rng(seed)
    spend, quality = np.zeros((2, len(data.keys), k + 1))
    for row, (keys, gold) in enumerate(zip(data.keys, data.gold, strict=True)):
        for _ in range(_ORDERS):
            order = [keys[place] for place in rng.permutation(len(keys))[:k]]
            for level in range(1, k + 2):
                n_asked, agreed = _asked(order, level)
                accepted = agreed is not None
                spend[row, k + 1 - level] += n_asked * ratio + (not accepted)
                quality[row, k + 1 - level] += agreed == gold if accepted else data.rows.strong[row]
    return Points(spend / _ORDERS, quality / _ORDERS)


def _asked(keys: list[str], level: int) -> tuple[int, str | None]:
    """Return how many samples were asked for, and what `level` of them agree on; None where they do not."""
    counts: Counter[str] = Counter()
    for n_asked, key in enumerate(keys, start=1):
        counts[key] += 1
        top, n_agreeing = counts.most_common(1)[0]
        if n_agreeing >= level:
            return n_asked, top
        if n_agreeing + len(keys) - n_asked < level:
            return n_asked, None
    return len(keys), None


def route_then_agreement(
    data: Sampled,
    learned: list[tuple[Places, Places, Scored]],
    k: int,
    ratio: float,
    *,
    seed: int,
) -> Points:
    """Return the points of a router before `Agreement(k)`, both thresholds chosen on the other folds.

    Without agreement (one sample is accepted as it is) this is the router alone, so that the choice may be
    not to sample.
    """
    alone = agreement(data, k, ratio, seed=seed)
    found = []
    for train, test, (left_out, new) in learned:
        direct_at = np.append(np.quantile(left_out, _DIRECT), np.inf)
        sides = [
            _before(alone, data.rows.strong[part], part, risk[:, None] >= direct_at)
            for part, risk in ((train, left_out), (test, new))
        ]
        found.append((test, chosen(sides[0], sides[1], ratio)))
    return joined(found, len(data.prompts))


def _before(alone: Points, strong: Floats, part: Places, direct: NDArray[np.bool_]) -> Points:
    """Return agreement's points with the direct prompts sent strong, shape (n, levels * directs)."""
    n = len(part)
    spend = np.where(direct[:, None, :], 1.0, alone.spend[part][:, :, None])
    quality = np.where(direct[:, None, :], strong[:, None, None], alone.quality[part][:, :, None])
    return Points(spend.reshape(n, -1), quality.reshape(n, -1))
