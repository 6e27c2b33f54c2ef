"""The BERT router: an encoder with a classification head reads the query (paper, section 4.2).

Any encoder that `AutoModelForSequenceClassification` loads will do. The published checkpoint has three
classes (strong wins, tie, weak wins) and its win probability is the first one's. Two differences from
RouteLLM by default, both undone for its checkpoint (`load_published`): of a prompt that is too long both ends
are kept, not the head alone, and text that spells a special token is read as text.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, get_args

import numpy as np
from numpy.typing import NDArray

from shared_router.checkpoints.artifact import Artifact
from shared_router.choices import check_choice
from shared_router.errors import InvalidInputError, NotFittedError
from shared_router.routers.bert_fit import BertFit
from shared_router.training.encoder import Encoder, Pooling
from shared_router.training.finetuning import TrainingHistory
from shared_router.training.heads import Head, win_probability
from shared_router.training.recipe import FineTuning, check_placing, checked_recipe
from shared_router.training.tokens import Keep
from shared_router.training.win_labels import Ties, side

if TYPE_CHECKING:
    import torch
    from typing_extensions import Self

    from shared_router.embedding.protocol import Embedder


class BertRouter(BertFit):
    """Fine-tune an encoder to tell which queries the strong model wins.

    Args:
        encoder: A folder, or a hub name, that `AutoModelForSequenceClassification.from_pretrained` loads;
            safetensors only, no code of its own is run. None for a router that was loaded.
        head: What the encoder's outputs mean, and with them the win probability:
            `"three_classes"`: strong wins, tie, weak wins; softmax[0]. As published.
            `"logit"`: one logit of the strong side winning; its sigmoid.
            `"correctness"`: logits of P(strong is right) and P(weak is right), for `fit_correctness`;
            (1 + P(strong right) - P(weak right)) / 2, which shares ties equally.
        ties: What a tie teaches: `"weak"` that the weak side won, `"class"` an outcome of its own, as in
            the paper (with three classes alone), `"half"` or `"drop"`; see `side_labels`.
        strong: The strong side's model, or models; so is `weak` for the weak side.
        weak: See `strong`.
        keep: Which part of a query longer than `max_length` is read. The question itself may stand at the
            start or at the end of a long prompt, so the default keeps both and drops the middle.
        pooling: `"head"`: what the model's own head reads (of BERT the first token); `"mean"`: the mean of
            all tokens, for an encoder that embeds sentences so, such as MiniLM.
        layers: How many of the encoder's layers to keep, from the first; None keeps all. With one or two
            thousand rows the first third of them can rank better, in a third of the time.
        max_length: The most tokens of a query, special ones included.
        recipe: How to train; the defaults are the paper's.
        device: Where to train and serve, for example `"cuda"`; None is the CPU.
        revision: The hub's revision of the encoder, best a commit's 40 hex digits.

    Attributes:
        encoder_: The fine-tuned transformer and its tokenizer, None before fit.
        history_: What the training did, None for a loaded router.

    Raises:
        InvalidInputError: If an option is no such name, or `ties` does not go with `head`.

    See: MatrixFactorizationRouter where milliseconds matter.
    """

    name: ClassVar[str] = "bert"
    max_checkpoint_bytes: ClassVar[int] = 1 << 34  # XLM-R base is 1.1 GB

    def __init__(
        self,
        encoder: str | Path | None,
        *,
        head: Head = "three_classes",
        ties: Ties = "weak",
        strong: str | Collection[str] = "strong",
        weak: str | Collection[str] = "weak",
        keep: Keep = "ends",
        pooling: Pooling = "head",
        layers: int | None = None,
        max_length: int = 512,
        recipe: FineTuning | None = None,
        device: str | torch.device | None = None,
        revision: str | None = None,
    ) -> None:
        self.encoder = encoder
        check_choice("head", head, get_args(Head))
        check_choice("ties", ties, get_args(Ties))
        check_choice("keep", keep, get_args(Keep))
        check_choice("pooling", pooling, get_args(Pooling))
        self.head: Head = head
        self.ties: Ties = ties
        if ties == "class" and head != "three_classes":
            raise InvalidInputError(f'ties="class" needs head="three_classes", got head={head!r}')
        self.strong = strong
        self.weak = weak
        self.keep = keep
        self.pooling: Pooling = pooling
        self.layers = layers
        self.max_length = max_length
        self.recipe = checked_recipe(recipe, FineTuning())
        check_placing(device=device, layers=layers, max_length=max_length)
        self.device = device
        self.revision = revision
        self.encoder_: Encoder | None = None
        self.history_: TrainingHistory | None = None

    def win_probability(self, queries: Sequence[str]) -> NDArray[np.float64]:
        """Return each query's win probability, shape (n,); see `head` for what it means."""
        return win_probability(self.head, self._fitted().logits(queries))

    def _fitted(self) -> Encoder:
        if self.encoder_ is None:
            raise NotFittedError("a bert router must be fitted or loaded before it is asked; call fit")
        return self.encoder_

    def _reading(self) -> dict[str, Any]:
        return {"max_length": self.max_length, "keep": self.keep, "pooling": self.pooling}

    def _artifact(self) -> Artifact:
        settings = {
            "strong": list(side(self.strong)),
            "weak": list(side(self.weak)),
            "recipe": asdict(self.recipe),
            **{name: getattr(self, name) for name in ("head", "ties", "layers")},
            **self._reading(),
        }
        return self._fitted().artifact(f"router/{self.name}", settings)

    @classmethod
    def load(
        cls,
        folder: str | Path,
        *,
        embedder: Embedder | None = None,
        expected_sha256: str | None = None,
        device: str | torch.device | None = None,
    ) -> Self:
        """Read a router from the folder that `save` wrote; see `Router.load`.

        Args:
            folder: The checkpoint.
            embedder: Not needed: the encoder is in the checkpoint.
            expected_sha256: The hash that `save` returned.
            device: Where to serve; None is the CPU.
        """
        del embedder
        return cls._load(folder, expected_sha256, lambda artifact: cls._build(artifact, device))

    @classmethod
    def _build(cls, artifact: Artifact, device: str | torch.device | None) -> Self:
        settings = dict(artifact.settings)
        settings.pop("encoder_config")
        settings["recipe"] = FineTuning(**settings["recipe"])
        router = cls(None, device=device, **settings)
        router.encoder_ = Encoder.from_artifact(artifact, device=device, **router._reading())
        return router
