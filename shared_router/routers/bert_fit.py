"""How a bert router learns: from battles, from grades of both models, or from soft labels."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shared_router.errors import InvalidInputError
from shared_router.router import Router
from shared_router.routers.base_model import base_model
from shared_router.training.encoder import Encoder, Pooling
from shared_router.training.finetuning import TrainingHistory, fine_tune
from shared_router.training.heads import N_OUTPUTS, Head, row_losses
from shared_router.training.recipe import FineTuning
from shared_router.training.rows import Rows
from shared_router.training.unseen import unseen_quantiles
from shared_router.training.win_labels import STRONG_WINS, Ties, graded, side, side_labels, soft_labels

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray
    from typing_extensions import Self

    from shared_router.preferences.data import PreferenceData


class BertFit(Router):
    """Fine-tune an encoder with a head; what it is asked afterwards is `BertRouter`'s.

    Attributes:
        encoder_: The fine-tuned transformer and its tokenizer, None before fit.
        history_: What the training did, None for a loaded router.
    """

    encoder: str | Path | None
    head: Head
    ties: Ties
    strong: str | Collection[str]
    weak: str | Collection[str]
    pooling: Pooling
    layers: int | None
    recipe: FineTuning
    device: str | torch.device | None
    revision: str | None
    encoder_: Encoder | None
    history_: TrainingHistory | None

    def fit(
        self, preferences: PreferenceData, *, folder: str | Path | None = None, progress: bool = True
    ) -> Self:
        """Learn from battles between the strong and the weak side.

        Args:
            preferences: The battles; those of other models are left out.
            folder: Where the training's state goes; after an interruption the same call goes on from it.
            progress: Whether to show a bar on a terminal.

        Raises:
            DataError: If the battles cannot teach this pair of sides: none, one class, all ties.
            InvalidInputError: If the head is `"correctness"`; see also `fine_tune`.
            MissingExtraError: If torch or transformers is missing.
        """
        if self.head == "correctness":
            raise InvalidInputError(
                'head="correctness" learns from each model\'s grades, got battles; call fit_correctness'
            )
        data = side_labels(preferences, strong=side(self.strong), weak=side(self.weak), ties=self.ties)
        targets = data.shares
        if self.head == "logit":
            targets = targets[:, [STRONG_WINS]]
        return self._fit(Rows(data.queries, [], targets, data.weights), folder, progress)

    def fit_correctness(
        self,
        queries: Sequence[str],
        strong_scores: Sequence[float],
        weak_scores: Sequence[float],
        *,
        weights: Sequence[float] | None = None,
        folder: str | Path | None = None,
        progress: bool = True,
    ) -> Self:
        """Learn from graded answers of both models; needs `head="correctness"`.

        Battles forget whether a tie was right or wrong on both sides; grades do not, and a query that
        neither model can answer is no reason to pay for the strong one.

        Args:
            queries: n texts, none blank.
            strong_scores: How right the strong model was, n numbers in [0, 1].
            weak_scores: The same of the weak model.
            weights: How much each row counts, n numbers > 0; None counts each once.
            folder: See `fit`.
            progress: See `fit`.

        Raises:
            InvalidInputError: If the head is another.
            DataError: If the lengths differ, a grade is outside [0, 1], a weight is not > 0, a query is
                blank, or all rows have the same two grades.
            MissingExtraError: If torch or transformers is missing.
        """
        if self.head != "correctness":
            raise InvalidInputError(f'grades need head="correctness", got {self.head!r}; call fit')
        grades, counts = graded(queries, strong_scores, weak_scores, weights)
        return self._fit(Rows(list(queries), [], grades, counts), folder, progress)

    def fit_soft(
        self,
        queries: Sequence[str],
        labels: Sequence[float] | NDArray[np.float64],
        *,
        weights: Sequence[float] | None = None,
        folder: str | Path | None = None,
        progress: bool = True,
    ) -> Self:
        """Learn from P(strong needed) of each query, such as Hybrid-LLM's labels (`labels.hybrid_labels`).

        The loss is the cross-entropy with the label as it is, -(y log p + (1 - y) log(1 - p)). With
        `head="logit"` p is the sigmoid, as in the paper (arXiv 2404.14618, section 3); with
        `"three_classes"` no label is a tie's, and that class dies out.

        Args:
            queries: n texts, none blank.
            labels: n numbers in [0, 1].
            weights: How much each row counts, n numbers > 0; None counts each once.
            folder: See `fit`.
            progress: See `fit`.

        Raises:
            InvalidInputError: If the head is `"correctness"`.
            DataError: If the lengths differ, a label is outside [0, 1], a weight is not > 0, a query is
                blank, or all labels are the same.
            MissingExtraError: If torch or transformers is missing.
        """
        if self.head == "correctness":
            raise InvalidInputError(
                'head="correctness" learns from each model\'s grades, got one label a query; call '
                'fit_correctness, or take head="logit"'
            )
        shares, counts = soft_labels(queries, labels, weights)
        targets = shares[:, [STRONG_WINS]] if self.head == "logit" else shares
        return self._fit(Rows(list(queries), [], targets, counts), folder, progress)

    def _fit(self, rows: Rows, folder: str | Path | None, progress: bool) -> Self:
        encoder = Encoder.pretrained(
            base_model(self.encoder),
            N_OUTPUTS[self.head],
            layers=self.layers,
            seed=self.recipe.seed,
            device=self.device,
            revision=self.revision,
            **self._reading(),
        )
        self.history_ = fine_tune(
            encoder.model,
            lambda ids, targets: row_losses(self.head, encoder.batch_logits(ids), targets),
            replace(rows, ids=encoder.tokenize(rows.queries)),
            self.recipe,
            head=encoder.new_parameters,
            settings=self.pooling,
            folder=folder,
            progress=progress,
        )
        self.encoder_ = encoder
        self.score_quantiles_ = unseen_quantiles(self.win_probability, rows.queries, self.recipe)
        return self

    @abstractmethod
    def _reading(self) -> dict[str, Any]:
        """Return how a query is read: how long, which part of it, and pooled how."""
