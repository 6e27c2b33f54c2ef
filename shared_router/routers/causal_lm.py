"""The causal LM router: a language model reads an instruction and the query and puts a score (section 4.2).

The score, 1 to 5, is how good the weak model's answer is expected to be; the win probability is that of a
score below 4, as in RouteLLM. Three differences from it, all in `docs/compatibility.md`: one forward pass
in place of generation, no case in which the output is invalid, and a query that spells a label token cannot
put its own score.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, get_args

import numpy as np
from numpy.typing import NDArray

from shared_router.checkpoints.artifact import Artifact
from shared_router.choices import check_choice, check_kind, is_whole, shown
from shared_router.errors import InvalidInputError, NotFittedError
from shared_router.router import Router
from shared_router.routers.base_model import DTYPES, arguments_from, base_model, folder_to_save
from shared_router.training.finetuning import TrainingHistory, fine_tune
from shared_router.training.heads import row_losses, softmax
from shared_router.training.instruction import Prompt
from shared_router.training.label_tokens import N_SCORES
from shared_router.training.language_model import LanguageModel
from shared_router.training.lora import Lora
from shared_router.training.recipe import FineTuning, check_placing, checked_recipe
from shared_router.training.rows import Rows
from shared_router.training.unseen import unseen_quantiles
from shared_router.training.win_labels import Ties, scored, side, side_labels

if TYPE_CHECKING:
    from typing_extensions import Self

    from shared_router.embedding.protocol import Embedder
    from shared_router.preferences.data import PreferenceData

LORA_RECIPE = FineTuning(learning_rate=2e-4, weight_decay=0.0, batch_size=8)
"""The paper's batch and steps for its causal LM; its rate, 1e-6, is one for training every weight."""

_SAVED = ("good_score", "ties", "max_length", "dtype")

# What an outcome says about the weak model's answer: strong won, tie, weak won.
_SCORES_OF_OUTCOMES = np.eye(N_SCORES, dtype=np.float32)[[0, 3, 4]]


class CausalLMRouter(Router):
    """Fine-tune a language model to predict how well the weak model will answer.

    Args:
        model: A folder, or a hub name, that `AutoModelForCausalLM.from_pretrained` loads, of safetensors; no
            code of its own is run. Its tokenizer must be byte-level, as those of Llama 3, Qwen and SmolLM.
            None for a router that was loaded.
        lora: The adapters that are trained; None trains every weight.
        good_score: The lowest score that lets the weak model answer, 2 to 5; 4 as published.
        ties: What a tie says of the weak model's answer: `"weak"` that it is a 5, `"class"` a 4 as in the
            paper, `"half"` a 1 or a 5, as likely; `"drop"` nothing.
        strong: The strong side's model, or models; so is `weak` for the weak side.
        weak: See `strong`.
        prompt: The text around a query; None writes one with the model's own chat template.
        max_length: The most tokens of a prompt; a longer query loses its middle, the instruction never.
        recipe: How to train; the default is the paper's with a rate for adapters.
        dtype: What `from_pretrained` takes, for example `"bfloat16"`; None is the checkpoint's own.
        device_map: What `from_pretrained` takes, for example `"auto"`; None is the CPU.
        revision: The hub's revision.

    Attributes:
        model_: The fine-tuned model with its prompt, None before fit.
        history_: What the training did, None for a loaded router.

    Raises:
        InvalidInputError: If an option is out of its range.

    See: BertRouter, which is many times faster.
    """

    name: ClassVar[str] = "causal_lm"
    max_checkpoint_bytes: ClassVar[int] = 1 << 40
    _probe_tolerance: ClassVar[float] = 0.02  # bfloat16 has three digits, and devices round differently

    def __init__(
        self,
        model: str | Path | None,
        *,
        lora: Lora | None = Lora(),  # noqa: B008 - frozen
        good_score: int = 4,
        ties: Ties = "weak",
        strong: str | Collection[str] = "strong",
        weak: str | Collection[str] = "weak",
        prompt: Prompt | None = None,
        max_length: int = 2048,
        recipe: FineTuning = LORA_RECIPE,
        dtype: str | None = None,
        device_map: str | dict[str, Any] | None = None,
        revision: str | None = None,
    ) -> None:
        if not (is_whole(good_score) and 2 <= good_score <= N_SCORES):
            raise InvalidInputError(f"good_score must be in 2 to {N_SCORES}, got {shown(good_score)}")
        check_choice("ties", ties, get_args(Ties))
        check_placing(max_length=max_length)
        for name, value, kind in (("lora", lora, Lora), ("prompt", prompt, Prompt)):
            if value is not None:
                check_kind(name, value, kind, how=f"make it with {kind.__name__}(), or give None")
        check_choice("dtype", dtype, DTYPES)
        self.model = model
        self.lora = lora
        self.good_score = good_score
        self.ties = ties
        self.strong = strong
        self.weak = weak
        self.prompt = prompt
        self.max_length = max_length
        self.recipe = checked_recipe(recipe, LORA_RECIPE)
        self.dtype = dtype
        self.device_map = device_map
        self.revision = revision
        self.model_: LanguageModel | None = None
        self.history_: TrainingHistory | None = None

    def fit(
        self, preferences: PreferenceData, *, folder: str | Path | None = None, progress: bool = True
    ) -> Self:
        """Learn from battles between the strong and the weak side.

        Where the strong side won, the weak one's answer is a 1; where it lost, a 5; for a tie see `ties`.

        Args:
            preferences: The battles; those of other models are left out.
            folder: Where the training's state goes; after an interruption the same call goes on from it.
            progress: Whether to show a bar on a terminal.

        Raises:
            DataError: If no battle is of this pair, or they all end alike; see also `fine_tune`.
            MissingExtraError: If torch, transformers or peft is missing.
        """
        data = side_labels(preferences, strong=side(self.strong), weak=side(self.weak), ties=self.ties)
        targets = data.shares @ _SCORES_OF_OUTCOMES
        return self._fit(Rows(data.queries, [], targets, data.weights), folder, progress)

    def fit_scores(
        self,
        queries: Sequence[str],
        scores: Sequence[int],
        *,
        weights: Sequence[float] | None = None,
        folder: str | Path | None = None,
        progress: bool = True,
    ) -> Self:
        """Learn from scores of the weak model's answers, for example a judge's.

        Args:
            queries: n texts, none blank.
            scores: How good the weak model's answers are, n of 1 to 5.
            weights: How much each row counts, n numbers > 0; None counts each once.
            folder: As in `fit`, like `progress`, the result and what else is raised.
            progress: See `folder`.

        Raises:
            DataError: If the lengths differ, a value breaks its rule, or all scores are one.
        """
        targets, counts = scored(queries, scores, weights, n_scores=N_SCORES)
        return self._fit(Rows(list(queries), [], targets, counts), folder, progress)

    def win_probability(self, queries: Sequence[str]) -> NDArray[np.float64]:
        """Return the probability of a score below `good_score` for each query, shape (n,)."""
        probabilities = softmax(self._fitted().logits(queries))
        below: NDArray[np.float64] = probabilities[:, : self.good_score - 1].sum(axis=1)
        return below.clip(0.0, 1.0)

    def _fitted(self) -> LanguageModel:
        if self.model_ is None:
            raise NotFittedError("a causal_lm router must be fitted or loaded before it is asked; call fit")
        return self.model_

    def _fit(self, rows: Rows, folder: str | Path | None, progress: bool) -> Self:
        model = LanguageModel.pretrained(
            base_model(self.model),
            max_length=self.max_length,
            prompt=self.prompt,
            lora=self.lora,
            seed=self.recipe.seed,
            **self.placement(),
        )
        self.history_ = fine_tune(
            model.module,
            lambda ids, targets: row_losses("three_classes", model.batch_logits(ids), targets),
            replace(rows, ids=model.tokenize(rows.queries)),
            self.recipe,
            settings=(self.lora, self.dtype),
            folder=folder,
            progress=progress,
        )
        self.model_ = model
        self.score_quantiles_ = unseen_quantiles(self.win_probability, rows.queries, self.recipe)
        return self

    def placement(self) -> dict[str, Any]:
        """Return where the model comes from, how and where to: options of `from_pretrained`."""
        options = {"dtype": self.dtype, "device_map": self.device_map, "revision": self.revision}
        return {key: value for key, value in options.items() if value is not None}

    def _artifact(self) -> Artifact:
        settings = {
            "model": None if self.lora is None else folder_to_save(self.model),
            "lora": None if self.lora is None else asdict(self.lora),
            "strong": list(side(self.strong)),
            "weak": list(side(self.weak)),
            "recipe": asdict(self.recipe),
            **{name: getattr(self, name) for name in _SAVED},
        }
        return self._fitted().artifact(f"router/{self.name}", settings)

    @classmethod
    def load(
        cls,
        folder: str | Path,
        *,
        embedder: Embedder | None = None,
        expected_sha256: str | None = None,
        model: str | Path | None = None,
        dtype: str | None = None,
        device_map: str | dict[str, Any] | None = None,
        revision: str | None = None,
    ) -> Self:
        """Read a router from the folder that `save` wrote; see `Router.load`.

        Args:
            folder: The checkpoint, with adapters without the model; the probe tells whether it is the same.
            embedder: Not needed.
            expected_sha256: The hash that `save` returned.
            model: Where the model is that adapters were trained on: a folder, if it has moved, or a hub name,
                which no checkpoint keeps.
            dtype: What to serve in; None is what was trained in.
            device_map: Where to serve; without adapters, one device. None is the CPU.
            revision: The hub's revision of `model`.
        """
        del embedder
        given = {"model": model, "dtype": dtype, "device_map": device_map, "revision": revision}
        return cls._load(folder, expected_sha256, lambda artifact: cls._build(artifact, given))

    @classmethod
    def _build(cls, artifact: Artifact, given: Mapping[str, Any]) -> Self:
        router = cls(**arguments_from(artifact.settings, given))
        router.model_ = LanguageModel.from_artifact(
            artifact, name=router.model, lora=router.lora, max_length=router.max_length, **router.placement()
        )
        return router
