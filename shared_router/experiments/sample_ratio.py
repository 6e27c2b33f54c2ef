"""Whether the arms have the units they should: a test that deals wrongly compares nothing.

Units that are lost in one arm, such as calls that fail and are not logged, or a share that was changed on the
way, show as counts that the share does not explain. The evidence is a bet that mixes over all other shares,

    E = E_r[prod_i r^b_i (1 - r)^(1 - b_i)] / prod_i q^b_i (1 - q)^(1 - b_i),    r ~ Beta(20 q, 20 (1 - q)),

which while q is right reaches 1,000 at any time at most once in 1,000 tests.

Source: Lindon and Malek, "Anytime-Valid Inference For Multinomial Count Data", NeurIPS 2022, section 2.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

_PRIOR = 20.0
"""How many units the prior counts for: near q, where mistakes of dealing mostly are."""


def sample_ratio_evidence(is_b: Sequence[bool], *, share: float) -> float:
    """Return the largest evidence, at any time so far, that units are not dealt by a share.

    Args:
        is_b: Whether each unit is arm b's, in order.
        share: The share of arm b, in (0, 1).
    """
    b, a = _PRIOR * share, _PRIOR * (1 - share)
    log_e = largest = 0.0
    for drawn in is_b:
        # the mixture's own probability of the unit over the share's
        log_e += math.log((b if drawn else a) / (a + b) / (share if drawn else 1 - share))
        b, a = b + drawn, a + (not drawn)
        largest = max(largest, log_e)
    return math.exp(min(largest, 700.0))
