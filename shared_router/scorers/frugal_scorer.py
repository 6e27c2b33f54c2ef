"""FrugalGPT's scorer: an encoder that reads question and answer, fine-tuned on correctness, one a model.

Follows FrugalGPT (arXiv 2305.05176, section 3; its code takes DistilBERT, 512 tokens, 8 epochs): the text is
the question, a space and the answer, the label whether the answer was right, the score the probability of
right. Differs: one output with a sigmoid in the place of two with a softmax, the same function; of a text
that is too long both ends are kept; the best step by held-out loss, not epoch; and what an answer says of
itself is cut first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from shared_router.choices import check_choice
from shared_router.errors import DataError, InvalidInputError, NotFittedError
from shared_router.scorers.given_answer import GivenAnswer, first_answer
from shared_router.scorers.graded_answers import graded_answers
from shared_router.scorers.own_praise import without_own_praise
from shared_router.text import clean
from shared_router.training.encoder import Encoder, Pooling
from shared_router.training.finetuning import TrainingHistory, fine_tune
from shared_router.training.heads import row_losses, win_probability
from shared_router.training.recipe import FineTuning, check_placing, checked_recipe
from shared_router.training.rows import Rows

if TYPE_CHECKING:
    import torch
    from typing_extensions import Self

    from shared_router.checkpoints.artifact import Artifact
    from shared_router.records.outcomes import Outcomes

_POOLINGS = ("head", "mean")
_MAX_BYTES = 1 << 34
_RECIPE = FineTuning(learning_rate=5e-5, head_rate=1.0, batch_size=8)
"""FrugalGPT's rate and batch; steps, warm-up and validation are this loop's own."""


class FrugalScorer:
    """Fine-tune an encoder to tell one model's right answers.

    Tens of milliseconds an answer on a processor; `AnswerFeatures` takes half of one and learns from fewer
    rows.

    Args:
        encoder: A folder, or a hub name, that `AutoModelForSequenceClassification.from_pretrained` loads,
            such as `"distilbert-base-uncased"`; safetensors only. None for a scorer that was loaded.
        pooling: As `BertRouter` has it: `"mean"` for an encoder that embeds sentences so.
        layers: How many of its layers to keep, from the first; None keeps all.
        max_length: The most tokens of question and answer, special ones included.
        recipe: How to train; None takes FrugalGPT's rate and batch.
        device: Where to train and serve; None is the CPU.
        revision: The hub's revision of the encoder, best a commit's 40 hex digits.

    Attributes:
        model: Whose answers it learned from; None before `fit`.
        history_: What the training did, None for a loaded scorer.
    """

    name = "frugal"
    n_answers = 1
    blocking = True
    reads: tuple[()] = ()

    def __init__(
        self,
        encoder: str | Path | None,
        *,
        pooling: Pooling = "head",
        layers: int | None = None,
        max_length: int = 512,
        recipe: FineTuning | None = None,
        device: str | torch.device | None = None,
        revision: str | None = None,
    ) -> None:
        check_choice("pooling", pooling, _POOLINGS)
        self.encoder = encoder
        self.pooling: Pooling = pooling
        self.layers = layers
        self.max_length = max_length
        self.recipe = checked_recipe(recipe, _RECIPE)
        check_placing(device=device, layers=layers, max_length=max_length)
        self.device = device
        self.revision = revision
        self.model: str | None = None
        self.encoder_: Encoder | None = None
        self.history_: TrainingHistory | None = None

    def __repr__(self) -> str:
        """Show whose answers it judges."""
        return f"FrugalScorer(model={self.model!r})"

    def fit(
        self,
        outcomes: Outcomes,
        *,
        model: str,
        strong: str | None = None,
        folder: str | Path | None = None,
        progress: bool = True,
    ) -> Self:
        """Learn from graded answers.

        Args:
            outcomes: Prompts, answers and grades.
            model: Whose answers to judge.
            strong: As `AnswerFeatures.fit` reads it; None, FrugalGPT's way, takes the grade itself.
            folder: Where the training's state goes; after an interruption the same call goes on from it.
            progress: Whether to show a bar on a terminal.

        Returns:
            This scorer.

        Raises:
            UnknownNameError: If there is no such model.
            DataError: If no answer has a text and its grades, or all are alike.
            InvalidInputError: If there is no encoder; see also `fine_tune`.
            MissingExtraError: If torch or transformers is missing.
        """
        graded = graded_answers(outcomes, model=model, strong=strong)
        if not len(graded.good) or np.ptp(graded.good) == 0:
            raise DataError(f"graded answers must differ, and all {len(graded.good)} are alike")
        encoder = self._new_encoder()
        texts = [_text(*pair) for pair in zip(graded.questions, graded.answers, strict=True)]
        targets = graded.good.astype(np.float32)[:, None]
        rows = Rows(graded.questions, [], targets, np.ones(len(texts), dtype=np.float32))
        self.history_ = fine_tune(
            encoder.model,
            lambda ids, wanted: row_losses("logit", encoder.batch_logits(ids), wanted),
            replace(rows, ids=encoder.tokenize(texts)),
            self.recipe,
            head=encoder.new_parameters,
            settings=self.pooling,
            folder=folder,
            progress=progress,
        )
        self.encoder_, self.model = encoder, model
        return self

    def good_enough(self, question: str, answers: Sequence[GivenAnswer | str]) -> float:
        """Return P(the first answer is good enough), in [0, 1].

        Raises:
            NotFittedError: If it has learned nothing yet.
        """
        return float(self.good_enough_each([question], [first_answer(answers).text])[0])

    def good_enough_each(self, questions: Sequence[str], answers: Sequence[str]) -> NDArray[np.float64]:
        """Return P(good enough) of one answer to each of n questions, shape (n,).

        Raises:
            NotFittedError: If it has learned nothing yet.
            InvalidInputError: If there are not as many answers as questions.
        """
        if len(questions) != len(answers):
            raise InvalidInputError(
                f"answers must be one for each question ({len(questions)}), got {len(answers)}"
            )
        texts = [_text(*pair) for pair in zip(questions, answers, strict=True)]
        return win_probability("logit", self._fitted().logits(texts))

    def save(self, folder: str | Path, *, overwrite: bool = False) -> str:
        """Write a checkpoint folder, the encoder in it; returns the SHA-256 that pins it.

        Raises:
            NotFittedError: If it has learned nothing yet.
            ArtifactError: As `AnswerFeatures.save`.
        """
        from shared_router.scorers.saved_scorer import save_scorer

        settings = {
            "model": self.model,
            "layers": self.layers,
            "recipe": asdict(self.recipe),
            **self._reading(),
        }
        artifact = self._fitted().artifact("", settings)
        return save_scorer(folder, self, artifact, overwrite=overwrite)

    @classmethod
    def load(
        cls,
        folder: str | Path,
        *,
        expected_sha256: str | None = None,
        device: str | torch.device | None = None,
    ) -> Self:
        """Read a scorer from the folder that `save` wrote.

        Raises:
            ArtifactError: If the folder is missing, damaged or another kind of scorer's.
        """
        from shared_router.scorers.saved_scorer import read_scorer

        return read_scorer(
            folder,
            cls.name,
            lambda artifact: cls._of(artifact, device),
            expected_sha256=expected_sha256,
            max_bytes=_MAX_BYTES,
        )

    @classmethod
    def _of(cls, artifact: Artifact, device: str | torch.device | None) -> Self:
        settings: dict[str, Any] = dict(artifact.settings)
        settings.pop("encoder_config")
        settings["recipe"] = FineTuning(**settings["recipe"])
        model = settings.pop("model")
        settings.pop("keep")
        scorer = cls(None, device=device, **settings)
        scorer.encoder_ = Encoder.from_artifact(artifact, device=device, **scorer._reading())
        scorer.model = model
        return scorer

    def _new_encoder(self) -> Encoder:
        if self.encoder is None:
            raise InvalidInputError(
                "a scorer must be made with the encoder to train, and a loaded one has none; make another"
            )
        return Encoder.pretrained(
            self.encoder,
            1,
            layers=self.layers,
            seed=self.recipe.seed,
            device=self.device,
            revision=self.revision,
            **self._reading(),
        )

    def _fitted(self) -> Encoder:
        if self.encoder_ is None:
            raise NotFittedError("a FrugalScorer must learn before it is asked; call fit or load")
        return self.encoder_

    def _reading(self) -> dict[str, Any]:
        return {"max_length": self.max_length, "keep": "ends", "pooling": self.pooling}


def _text(question: str, answer: str) -> str:
    return f"{clean(question)} {without_own_praise(clean(answer))}"
