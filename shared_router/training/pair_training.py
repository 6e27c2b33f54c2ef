"""Training PairRanker: the loop that fine-tunes every transformer here, on pairs that change places."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from shared_router.training.finetuning import TrainingHistory, fine_tune
from shared_router.training.graded_pairs import GradedPairs
from shared_router.training.pair_encoder import PairEncoder
from shared_router.training.pair_losses import PairLoss, pair_losses
from shared_router.training.recipe import FineTuning
from shared_router.training.rows import Rows

if TYPE_CHECKING:
    import torch


def fit_pairs(
    encoder: PairEncoder,
    data: GradedPairs,
    *,
    loss: PairLoss,
    recipe: FineTuning,
    train_embeddings: bool = True,
    folder: str | Path | None = None,
    progress: bool = True,
) -> TrainingHistory:
    """Train an encoder on graded pairs, and leave the best of it in the encoder.

    Args:
        encoder: What is trained.
        data: The pairs.
        loss: What a pair's scores lose.
        recipe: How to train.
        train_embeddings: Whether the tokens' embeddings learn too.
        folder: See `fine_tune`.
        progress: See `fine_tune`.

    Raises:
        InvalidInputError: As `fine_tune`.
    """
    questions = {row for row, _, _ in data.pairs}
    parts = {row: encoder.input.parts(data.questions[row], data.candidates[row]) for row in questions}
    rows = Rows(
        [data.questions[row] for row, _, _ in data.pairs],
        [encoder.input.pair(parts[row], left, right) for row, left, right in data.pairs],
        data.qualities.reshape(len(data.pairs), -1),
        np.ones(len(data.pairs), dtype=np.float32),
    )
    encoder.backbone.get_input_embeddings().requires_grad_(train_embeddings)
    try:
        return fine_tune(
            encoder.model,
            _losses(encoder, loss),
            rows,
            recipe,
            head=encoder.head,
            settings=(loss, train_embeddings),
            folder=folder,
            progress=progress,
        )
    finally:
        encoder.backbone.get_input_embeddings().requires_grad_(True)


def _losses(encoder: PairEncoder, loss: PairLoss) -> Callable[[list[list[int]], torch.Tensor], torch.Tensor]:
    def losses(ids: list[list[int]], targets: torch.Tensor) -> torch.Tensor:
        import torch

        worth = targets.reshape(len(ids), 2, -1)
        if encoder.model.training:  # drawn inside the loop's own seed, so that a run can be resumed
            changed = torch.rand(len(ids)) < 0.5
            ids = [
                encoder.input.flipped(pair) if flip else pair for pair, flip in zip(ids, changed, strict=True)
            ]
            worth = torch.where(changed[:, None, None], worth.flip(1), worth)
        left, right = encoder.side_scores(ids)
        return pair_losses(loss, left.float(), right.float(), worth)

    return losses
