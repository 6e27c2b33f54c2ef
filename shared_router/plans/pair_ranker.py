"""PairRanker: an encoder reads a question with two answers, and says which is better (arXiv 2306.02561).

LLM-Blender's ranker, section 3, as its code has it; PairRM is one such model. What is left out: its other
rankers (SummaReranker, SimCLS, reward models), the sampling modes `random` and `uniform`, and encoders with a
decoder. What differs is said in `training.pair_input`, `training.pair_losses` and `ranking`; in training a
question's pairs are drawn once, and change places anew at each step.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, get_args

import numpy as np
from numpy.typing import NDArray

from shared_router.checkpoints.artifact import Artifact
from shared_router.checkpoints.tokenizer import TOKENIZER
from shared_router.choices import check_choice, is_number, shown
from shared_router.errors import InvalidInputError, NotFittedError
from shared_router.plans.comparing import Comparing
from shared_router.plans.ranking import Aggregation
from shared_router.plans.saved_ranker import read_ranker, save_ranker
from shared_router.routers.base_model import base_model
from shared_router.training.graded_pairs import Qualities, graded_pairs
from shared_router.training.pair_encoder import PairEncoder
from shared_router.training.pair_losses import PairLoss, PairSampling
from shared_router.training.pair_model import DROPOUT
from shared_router.training.pair_training import fit_pairs
from shared_router.training.recipe import FineTuning, check_placing, checked_recipe

if TYPE_CHECKING:
    import torch
    from typing_extensions import Self

    from shared_router.training.finetuning import TrainingHistory

_LENGTHS = ("source_tokens", "candidate_tokens")


class PairRanker(Comparing):
    """Rank answers to a question by comparing two at a time.

    Args:
        encoder: A folder, or a hub name, of an encoder such as DeBERTa-v3 or MiniLM; safetensors only. None
            for a ranker that was loaded.
        aggregation: What comparisons come to. `"max_logits"` and `"max_wins"` read n(n - 1) pairs,
            `"bubble"` 2(n - 1) and finds the best alone.
        loss: What is trained with; see `pair_losses`.
        source_tokens: The most tokens of a question; MixInstruct's 128, PairRM's 1224.
        candidate_tokens: The most tokens of an answer, 128 or PairRM's 412; what a question leaves of its
            room the answers share. Of what is longer the start is read.
        dropout: The head's, in [0, 1).
        layers: How many of the encoder's layers to keep; None keeps all.
        train_embeddings: Whether tokens' embeddings learn too; without them training is faster.
        recipe: How to train.
        device: Where to train and serve; None is the CPU.
        revision: The hub's revision of the encoder.

    Attributes:
        encoder_: The model and its tokenizer, None before fit.
        history_: What the training did, None for a loaded ranker.

    Raises:
        InvalidInputError: If an option is no such name, or the dropout outside its range.
    """

    name: ClassVar[str] = "pair_ranker"
    blocking: ClassVar[bool] = True

    def __init__(
        self,
        encoder: str | Path | None,
        *,
        aggregation: Aggregation = "max_logits",
        loss: PairLoss = "bradley_terry",
        source_tokens: int = 128,
        candidate_tokens: int = 128,
        dropout: float = DROPOUT,
        layers: int | None = None,
        train_embeddings: bool = True,
        recipe: FineTuning | None = None,
        device: str | torch.device | None = None,
        revision: str | None = None,
    ) -> None:
        check_choice("aggregation", aggregation, get_args(Aggregation))
        check_choice("loss", loss, get_args(PairLoss))
        if not (is_number(dropout) and 0 <= dropout < 1):
            raise InvalidInputError(f"dropout must be in [0, 1), got {shown(dropout)}")
        check_placing(device=device, layers=layers)
        self.encoder = encoder
        self.aggregation: Aggregation = aggregation
        self.loss: PairLoss = loss
        self.source_tokens = source_tokens
        self.candidate_tokens = candidate_tokens
        self.dropout = dropout
        self.layers = layers
        self.train_embeddings = train_embeddings
        self.recipe = checked_recipe(recipe, FineTuning())
        self.device = device
        self.revision = revision
        self.encoder_: PairEncoder | None = None
        self.history_: TrainingHistory | None = None

    def __repr__(self) -> str:
        """Show how it ranks."""
        return f"PairRanker(aggregation={self.aggregation!r})"

    def fit(
        self,
        questions: Sequence[str],
        candidates: Sequence[Sequence[str]],
        qualities: Qualities,
        *,
        pairs: int = 5,
        sampling: PairSampling = "all_pair",
        folder: str | Path | None = None,
        progress: bool = True,
    ) -> Self:
        """Learn from graded answers.

        Args:
            questions: n texts.
            candidates: Each question's answers, two or more.
            qualities: What each answer is worth: a number, or k numbers of as many kinds (the paper's
                multi-task form); higher is better. Of `"mse"` they are also the scale of the scores.
            pairs: The most pairs of a question, >= 1; LLM-Blender takes 5.
            sampling: How pairs are drawn.
            folder: Where the training's state goes; after an interruption the same call goes on from it.
            progress: Whether to show a bar on a terminal.

        Raises:
            DataError: If the lengths differ, a quality is not finite, or nothing is better than another.
            InvalidInputError: If an option is outside its rule; see also `fine_tune`.
            MissingExtraError: If torch or transformers is missing.
        """
        rows = graded_pairs(
            questions,
            candidates,
            qualities,
            pairs=pairs,
            sampling=sampling,
            loss=self.loss,
            seed=self.recipe.seed,
        )
        encoder = PairEncoder.pretrained(
            base_model(self.encoder),
            n_tasks=rows.n_tasks,
            source_tokens=self.source_tokens,
            candidate_tokens=self.candidate_tokens,
            dropout=self.dropout,
            layers=self.layers,
            seed=self.recipe.seed,
            device=self.device,
            revision=self.revision,
        )
        self.history_ = fit_pairs(
            encoder,
            rows,
            loss=self.loss,
            recipe=self.recipe,
            train_embeddings=self.train_embeddings,
            folder=folder,
            progress=progress,
        )
        self.encoder_ = encoder
        return self

    def save(self, folder: str | Path, *, overwrite: bool = False) -> str:
        """Write a checkpoint, and return the SHA-256 that pins it; see `Router.save`."""
        settings = {
            "recipe": asdict(self.recipe),
            **{name: getattr(self, name) for name in ("aggregation", "loss", "layers", "train_embeddings")},
        }
        return save_ranker(folder, self, self._fitted().artifact("", settings), overwrite=overwrite)

    @classmethod
    def load(
        cls,
        folder: str | Path,
        *,
        expected_sha256: str | None = None,
        device: str | torch.device | None = None,
    ) -> Self:
        """Read a ranker from the folder that `save` wrote; see `Router.load`."""
        return read_ranker(folder, cls.name, lambda artifact: cls._build(artifact, device), expected_sha256)

    @classmethod
    def from_published(
        cls,
        folder: str | Path,
        *,
        aggregation: Aggregation = "max_logits",
        backbone: str | Path | None = None,
        device: str | torch.device | None = None,
    ) -> Self:
        """Read the folder of `llm-blender/PairRM` or `PairRM-hf` as it is; see `read_pair_rm`."""
        from shared_router.published.pair_rm import read_pair_rm

        encoder = read_pair_rm(folder, backbone=backbone, device=device)
        return cls._of(encoder, aggregation=aggregation, device=device)

    @classmethod
    def _build(cls, artifact: Artifact, device: str | torch.device | None) -> Self:
        settings = dict(artifact.settings)
        reading = {name: settings.pop(name) for name in ("n_tasks", "dropout", *_LENGTHS)}
        encoder = PairEncoder.from_weights(
            settings.pop("encoder_config"),
            artifact.tensors,
            artifact.files[TOKENIZER],
            device=device,
            **reading,
        )
        settings["recipe"] = FineTuning(**settings["recipe"])
        return cls._of(encoder, device=device, **settings)

    @classmethod
    def _of(cls, encoder: PairEncoder, **settings: Any) -> Self:
        lengths = {name: getattr(encoder.input, name) for name in _LENGTHS}
        ranker = cls(None, dropout=encoder.dropout, **lengths, **settings)
        ranker.encoder_ = encoder
        return ranker

    def _logits(
        self, question: str, answers: Sequence[str], pairs: Sequence[tuple[int, int]]
    ) -> NDArray[np.float64]:
        encoder = self._fitted()
        return encoder.logits(encoder.input.parts(question, answers), pairs)

    def _fitted(self) -> PairEncoder:
        if self.encoder_ is None:
            raise NotFittedError("a pair ranker must be fitted or loaded before it is asked; call fit")
        return self.encoder_
