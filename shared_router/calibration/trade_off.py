"""What each share of strong answers costs and is worth: the curve that a threshold is one point of."""

from __future__ import annotations

from shared_router.calibration.choice import ThresholdChoice
from shared_router.calibration.choosing import choice_at
from shared_router.calibration.cuts import Cuts
from shared_router.calibration.rows import Rows


def trade_off(
    rows: Rows,
    *,
    n_steps: int = 10,
    extra_dollars: float = 0.0,
    cascade: bool = False,
    confidence: float = 0.95,
    seed: int = 0,
    split_ties: bool = True,
) -> tuple[ThresholdChoice, ...]:
    """Return the choices that send 0, 1 / n_steps, ... 1 of the prompts strong.

    Args:
        rows: The prompts, with grades and dollars where they are known.
        n_steps: How many steps there are from none to all.
        extra_dollars: What the router costs a request, in dollars.
        cascade: Whether the weak model is asked first each time.
        confidence: Of the intervals, in (0, 1).
        seed: The coin for prompts of one score.
        split_ties: Whether prompts of one score may be split by that coin; False for a cascade, which throws
            none.
    """
    cuts = Cuts.even(rows.scores, seed=seed, split_ties=split_ties)
    return tuple(
        choice_at(
            cuts.nearest(len(rows) * (1 - step / n_steps)),
            rows,
            cuts,
            method="strong_fraction",
            target=step / n_steps,
            confidence=confidence,
            extra_dollars=extra_dollars,
            cascade=cascade,
        )
        for step in range(n_steps + 1)
    )
