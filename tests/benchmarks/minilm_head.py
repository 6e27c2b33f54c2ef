"""MiniLM with a head: its vectors as they are, and scikit-learn's logistic regression over the outcomes."""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from typing_extensions import Self

from shared_router import PreferenceData, Router
from shared_router.embedding.protocol import Embedder
from shared_router.preferences.ties import WIN_SHARES


class MiniLMHead(Router):
    """Score a query by P(strong wins) + P(tie) / 2, of a frozen encoder's vector.

    Args:
        embedder: The encoder.
        inverse_penalty: scikit-learn's C, one over the strength of the L2 penalty.
    """

    name: ClassVar[str] = "minilm_head"

    def __init__(self, embedder: Embedder, *, inverse_penalty: float = 1.0) -> None:
        self.embedder = embedder
        self.inverse_penalty = inverse_penalty

    def fit(self, preferences: PreferenceData) -> Self:
        """Fit the head; model a of each battle is the strong one."""
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        shares = [str(WIN_SHARES[winner]) for winner in preferences.winners]
        head = LogisticRegression(C=self.inverse_penalty, max_iter=1000)
        self.head_: Any = make_pipeline(StandardScaler(), head).fit(
            self.embedder.embed(preferences.queries), shares
        )
        return self

    def win_probability(self, queries: Sequence[str]) -> NDArray[np.float64]:
        """Return the share of the win that strong is expected to take, shape (n,)."""
        chances = self.head_.predict_proba(self.embedder.embed(queries))
        expected: NDArray[np.float64] = chances @ self.head_.classes_.astype(np.float64)
        return expected.clip(0.0, 1.0)
