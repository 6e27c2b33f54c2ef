"""One fit of matrix factorization: the battles as arrays, trained once for the router and once to see it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from shared_router.preferences.encoded import EncodedBattles
from shared_router.quantiles import ScoreQuantiles
from shared_router.routers.factors import Factors
from shared_router.training.factors import FactorShape, FactorTraining, train_factors

_UNSEEN_PART = 5  # a fifth


@dataclass(frozen=True, slots=True)
class FactorFit:
    """What is learned from, and how.

    Attributes:
        battles: The battles, n of them.
        rows: Each battle's query as the factors read it, shape (n, width).
        prompts: Each battle's distinct query, shape (n,).
        held_out: The battles that choose the epoch, shape (n,).
        trained: The models that are trained, as places among the battles' models.
        shape: Which factors there are.
        training: How to train.
        device: Where torch trains.
        progress: Whether to show a bar.
    """

    battles: EncodedBattles = field(repr=False)
    rows: NDArray[np.float32] = field(repr=False)
    prompts: NDArray[np.int64] = field(repr=False)
    held_out: NDArray[np.bool_] = field(repr=False)
    trained: NDArray[np.int64] = field(repr=False)
    shape: FactorShape
    training: FactorTraining
    device: str | None
    progress: bool

    def train(self) -> tuple[Factors, list[float]]:
        """Return the factors and the validation loss after each epoch."""
        return self._train(self.battles, self.rows, self.held_out)

    def unseen_quantiles(self, factors: Factors, strong: int, weak: int) -> ScoreQuantiles:
        """Score queries that were not trained on: those that chose the epoch, else a fifth by another fit.

        Args:
            factors: What `train` returned.
            strong: The strong model's place among the factors' models.
            weak: The weak model's.
        """
        unseen = self.held_out
        if not unseen.any():
            order = np.random.default_rng(self.training.seed).permutation(int(self.prompts.max()) + 1)
            unseen = np.isin(self.prompts, order[: len(order) // _UNSEEN_PART])
            none = np.zeros(int((~unseen).sum()), dtype=np.bool_)
            if unseen.any():
                factors, _ = self._train(self.battles.take(~unseen), self.rows[~unseen], none)
        source = "held-out training queries" if unseen.any() else "training queries"
        asked = unseen if unseen.any() else ~unseen
        first = np.unique(self.prompts[asked], return_index=True)[1]
        line = factors.line(strong, weak, normalize=self.shape.normalize)
        return ScoreQuantiles.of(line.win_probability(self.rows[asked][first]).tolist(), source=source)

    def _train(
        self, battles: EncodedBattles, rows: NDArray[np.float32], held_out: NDArray[np.bool_]
    ) -> tuple[Factors, list[float]]:
        weights, losses = train_factors(
            battles,
            rows,
            held_out,
            shape=self.shape,
            training=self.training,
            device=self.device,
            progress=self.progress,
        )
        weights["model_vectors"] = weights["model_vectors"][self.trained]
        return Factors.of(weights, k=len(self.trained), dim=self.shape.dim, bias=self.shape.bias), losses
