"""What an online router reads of a prompt: sixty-one numbers of a fixed scale, so that sums of them add up.

Nothing is scaled by the data, for the sums of two processes, or of last month and today, must mean the same.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared_router.router import Router
from shared_router.routers.local_reading import Reading
from shared_router.text_features import FEATURE_NAMES

Floats = NDArray[np.float64]

_LENGTH = (4.5, 1.2)
"""The middle and the width of the log of a question's characters."""
_FORM = (
    *("log_words", "log_longest_word", "log_numbers", "log_long_numbers", "log_decimals", "log_lines"),
    *("log_longest_line", "log_bullets", "log_sentences", "log_question_marks", "log_options"),
    *("log_blanks", "log_joined_names", "log_calls", "log_what_words", "log_which_words", "log_why_words"),
    *("log_how_words", "log_quantity_words", "log_proof_words", "log_computing_words"),
    *("log_writing_words", "log_explaining_words", "log_programming_words", "log_negation_words"),
    *("log_condition_words", "log_each_words", "log_second_person_words", "digit_share", "operator_share"),
    *("formula_share", "quote_share", "capitals_share", "long_word_share", "single_letter_share"),
    *("capitalised_share", "ends_with_question", "ends_without_mark", "distinct_word_share", "first_asks"),
    *("first_orders", "first_supposes"),
)
_COLUMNS = [FEATURE_NAMES.index(name) for name in _FORM]
_SCALES = np.array([0.5 if name.startswith("log_") else 4.0 for name in _FORM])
_MOST = 4.0
_DIRECTIONS = 16
_WHOLE_WIDTH = 64
_CLIP = 3.0

N_FEATURES = 3 + len(_FORM) + _DIRECTIONS
PRIOR_FEATURE = 1
"""The column of the prior router's log odds."""


@dataclass(frozen=True, slots=True)
class PriorScale:
    """How a prior router's log odds are brought to the middle 0 and the width 1.

    Attributes:
        middle: The log odds of its median score.
        width: Half of what lies between its 16th and its 84th percentile, > 0.
    """

    middle: float = 0.0
    width: float = 1.0

    @classmethod
    def of(cls, prior: Router | None) -> PriorScale:
        """Take it from a router's own quantiles; one that has none stays as it is."""
        known = None if prior is None else prior.score_quantiles_
        if known is None:
            return cls()
        low, middle, high = (_log_odds(known.threshold(share)) for share in (0.84, 0.5, 0.16))
        return cls(middle, max((high - low) / 2, 0.1))

    def as_list(self) -> list[float]:
        """Return it as plain JSON."""
        return [self.middle, self.width]

    def scaled(self, log_odds: Floats) -> Floats:
        """Return log odds in widths from the middle, each within 3."""
        scaled: Floats = np.clip((log_odds - self.middle) / self.width, -_CLIP, _CLIP)
        return scaled

    def of_probability(self, win_probability: float) -> float:
        """Return what a win probability's log odds are scaled to."""
        return float(self.scaled(np.array([_log_odds(win_probability)]))[0])


def online_features(reading: Reading, scale: PriorScale, *, has_prior: bool) -> Floats:
    """Return what an online router reads of n prompts, shape (n, `N_FEATURES`).

    Args:
        reading: What the prompts were read as.
        scale: The prior's.
        has_prior: Whether the reading's first score is a prior's log odds.
    """
    n = len(reading)
    prior = scale.scaled(reading.scores[:, 0]) if has_prior else np.zeros(n)
    length = np.clip((reading.features[:, 0] - _LENGTH[0]) / _LENGTH[1], -_CLIP, _CLIP)
    form = np.minimum(reading.features[:, _COLUMNS] * _SCALES, _MOST)
    return np.column_stack([np.ones(n), prior, length, form, _reduced(reading.vectors)])


def _reduced(vectors: NDArray[np.float32]) -> Floats:
    """Return sixteen directions of embeddings: the first ones of a narrow one, which are its strongest."""
    dim = vectors.shape[1]
    wide = vectors.astype(np.float64) * (math.sqrt(dim) / 2)
    if dim > _WHOLE_WIDTH:
        directions = np.random.default_rng(dim).standard_normal((dim, _DIRECTIONS)) / math.sqrt(dim)
        return np.asarray(wide @ directions)
    narrow = wide[:, :_DIRECTIONS]
    return np.pad(narrow, ((0, 0), (0, _DIRECTIONS - narrow.shape[1])))


def _log_odds(p: float) -> float:
    p = min(max(p, 1e-3), 1 - 1e-3)
    return math.log(p / (1 - p))
