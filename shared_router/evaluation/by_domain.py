"""One router's figures within each domain."""

from __future__ import annotations

import numpy as np

from shared_router.evaluation.curve import area, curves, ranking
from shared_router.evaluation.measures import Candidate, sent_strong
from shared_router.evaluation.pair import Pair, Rows
from shared_router.evaluation.report import DomainFigures
from shared_router.evaluation.resampling import Estimate, estimate, resamples

FEWEST_FOR_AN_INTERVAL = 30


def domain_figures(
    candidate: Candidate, pair: Pair, *, n_resamples: int, seed: int
) -> tuple[DomainFigures, ...]:
    """Return a router's figures in each domain, the largest domain first; none without domains.

    Each domain's interval resamples that domain's prompts alone.

    Args:
        candidate: The router.
        pair: The n prompts.
        n_resamples: How many resamples a domain.
        seed: Draws them.
    """
    if pair.domains is None:
        return ()
    names, index, sizes = np.unique(list(pair.domains), return_inverse=True, return_counts=True)
    sent = sent_strong(candidate)
    found = []
    for place in np.argsort(-sizes, kind="stable"):
        rows: Rows = np.flatnonzero(index == place)
        part = pair.take(rows)
        found.append(
            DomainFigures(
                str(names[place]),
                len(rows),
                float(part.strong.mean()),
                float(part.weak.mean()),
                float(sent[rows].mean()),
                float((part.weak + sent[rows] * part.gain).mean()),
                _apgr(candidate, part, rows, n_resamples, seed),
            )
        )
    return tuple(found)


def _apgr(candidate: Candidate, part: Pair, rows: Rows, n_resamples: int, seed: int) -> Estimate:
    ranked = ranking(candidate.scores[rows])
    value = area(curves(ranked, part, np.ones((len(rows), 1))))[0]
    drawn = n_resamples if len(rows) >= FEWEST_FOR_AN_INTERVAL else 0
    blocks = [area(curves(ranked, part, counts)) for counts in resamples(part.units, drawn, seed=seed)]
    return estimate(float(value), np.concatenate([np.empty(0), *blocks]))
