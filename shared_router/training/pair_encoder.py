"""PairRanker's model: an encoder whose states at the markers say which of two answers is better.

LLM-Blender's `CrossCompareReranker` and `DebertaV2PairRM` (arXiv 2306.02561, section 3.2): the last layer's
states at `<|source|>`, `<|candidate1|>` and `<|candidate2|>` are h, h1 and h2; one head reads [h; h1] as the
first score and [h; h2] as the second, and their difference, the mean over the kinds of quality, is the logit
that the first is better.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from shared_router.checkpoints.artifact import Artifact
from shared_router.checkpoints.model_config import checked_model_config
from shared_router.checkpoints.model_keys import ENCODERS
from shared_router.checkpoints.tokenizer import TOKENIZER, read_tokenizer, tokenizer_bytes
from shared_router.embedding.building import attention_for, built, checked_keys, config_from, make_config
from shared_router.embedding.loading import cut_layers, position_count, quietly, reading
from shared_router.embedding.padding import pad
from shared_router.errors import ArtifactSchemaError, InvalidInputError
from shared_router.training.modules import (
    backend_of,
    load_tensors,
    placed,
    refuse_missing,
    require_transformers,
    tensors_of,
)
from shared_router.training.pair_input import PairInput, Parts
from shared_router.training.pair_model import DROPOUT, backbone_shapes, is_relative, pair_model
from shared_router.training.seeding import seeded
from shared_router.training.tokens import serving_batches

if TYPE_CHECKING:
    import torch
    from tokenizers import Tokenizer
    from transformers import PreTrainedModel
    from typing_extensions import Self


class PairEncoder:
    """An encoder with a pair head and its tokenizer, ready to be trained or asked.

    Args:
        backbone: The encoder, with a row of embeddings for each marker.
        tokenizer: Its `tokenizers` tokenizer.
        source_tokens: The most tokens of a question; see `PairInput`.
        candidate_tokens: The most tokens of a candidate.
        n_tasks: The kinds of quality that the head scores, >= 1.
        dropout: The head's, in [0, 1).

    Raises:
        InvalidInputError: If the encoder has no padding token or reads fewer tokens.
    """

    def __init__(
        self,
        backbone: PreTrainedModel,
        tokenizer: Tokenizer,
        *,
        source_tokens: int,
        candidate_tokens: int,
        n_tasks: int = 1,
        dropout: float = DROPOUT,
    ) -> None:
        self.input = PairInput(tokenizer, source_tokens=source_tokens, candidate_tokens=candidate_tokens)
        config: Any = backbone.config
        positions = position_count(config)
        if config.pad_token_id is None:
            raise InvalidInputError("a pair ranker's encoder must have a padding token, got a config without")
        if positions is not None and not is_relative(config) and self.input.most > positions:
            raise InvalidInputError(
                f"source_tokens + 2 * candidate_tokens must be at most the {positions} tokens that the "
                f"encoder reads, got {self.input.most}"
            )
        self.pad_id = int(config.pad_token_id)
        self.n_tasks = n_tasks
        self.dropout = dropout
        self.model = pair_model(backbone, n_tasks, dropout)
        self.model.train(False)

    @property
    def backbone(self) -> PreTrainedModel:
        """The encoder under the head."""
        modules: Any = self.model
        backbone: PreTrainedModel = modules["pretrained_model"]
        return backbone

    @property
    def head(self) -> list[torch.nn.Parameter]:
        """The head's parameters."""
        modules: Any = self.model
        return list(modules["head_layer"].parameters())

    @classmethod
    def pretrained(
        cls,
        name: str | Path,
        *,
        layers: int | None = None,
        seed: int = 0,
        device: str | torch.device | None = None,
        revision: str | None = None,
        **others: Any,
    ) -> Self:
        """Load an encoder from a folder or the hub, and give it a new head and rows for the markers.

        Args:
            name: The folder or the hub's name; safetensors only, no code of its own is run.
            layers: How many of its layers to run; None runs all.
            seed: Fixes the head and the markers' rows.
            device: Where to put it; None leaves it on the CPU.
            revision: The hub's revision.
            **others: Of `PairEncoder`.

        Raises:
            ArtifactError: If the encoder cannot be read or lacks weights.
            MissingExtraError: If torch or transformers is missing.
            InvalidInputError: As `PairEncoder`; or if the encoder has fewer layers.
        """
        require_transformers()
        from transformers import AutoModel, AutoTokenizer

        hub: dict[str, Any] = {} if revision is None else {"revision": revision}
        with reading(name):
            config = config_from(name, ENCODERS, **hub)
            tokenizer = AutoTokenizer.from_pretrained(name, config=config, trust_remote_code=False, **hub)
        cut_layers(config, layers)
        with seeded(None, seed), quietly():
            with reading(name):
                loaded: Any = AutoModel.from_pretrained(
                    name,
                    config=config,
                    attn_implementation=attention_for(AutoModel, config),
                    trust_remote_code=False,
                    use_safetensors=True,
                    output_loading_info=True,
                    **hub,
                )
            model, info = loaded
            refuse_missing({**info, "missing_keys": [k for k in info["missing_keys"] if "pooler" not in k]})
            encoder = cls(model, backend_of(tokenizer), **others)
            rows = max(encoder.input.marker_ids) + 1
            if rows > model.config.vocab_size:
                model.resize_token_embeddings(rows, mean_resizing=False)
        placed(encoder.model, device)
        return encoder

    def side_scores(self, ids: Sequence[Sequence[int]]) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the scores of the first and the second candidates, each of shape (b, n_tasks).

        Args:
            ids: One batch of pairs, as `PairInput.pair` makes them.
        """
        import torch

        modules: Any = self.model
        inputs = pad(ids, pad_id=self.pad_id, device=self.backbone.device)
        hidden = modules["pretrained_model"](**inputs).last_hidden_state
        rows = torch.arange(len(ids), device=hidden.device)
        source, first, second = (
            hidden[rows, (inputs["input_ids"] == marker).int().argmax(dim=1)]
            for marker in self.input.marker_ids[:3]
        )
        head = modules["head_layer"]
        return head(torch.cat([source, first], dim=-1)), head(torch.cat([source, second], dim=-1))

    def logits(self, parts: Parts, pairs: Sequence[tuple[int, int]]) -> NDArray[np.float64]:
        """Return how much better the first candidate of each pair is, shape (n_pairs,).

        Args:
            parts: A question and its candidates.
            pairs: Which candidate stands first, and which second.
        """
        import torch

        ids = [self.input.pair(parts, left, right) for left, right in pairs]
        found = np.zeros(len(ids), dtype=np.float64)
        with torch.inference_mode():
            for batch in serving_batches(ids, device=self.backbone.device):
                left, right = self.side_scores([ids[row] for row in batch])
                found[batch] = (left - right).float().mean(dim=-1).double().cpu().numpy()
        return found

    def artifact(self, kind: str, settings: Mapping[str, Any]) -> Artifact:
        """Return what makes this encoder again, with a ranker's own settings beside it."""
        own = {
            "encoder_config": checked_keys(self.backbone.config, ENCODERS),
            "n_tasks": self.n_tasks,
            "dropout": self.dropout,
            "source_tokens": self.input.source_tokens,
            "candidate_tokens": self.input.candidate_tokens,
        }
        files = {TOKENIZER: tokenizer_bytes(self.input.tokenizer)}
        return Artifact(kind, {**settings, **own}, tensors_of(self.model), files)

    @classmethod
    def from_weights(
        cls,
        config: Mapping[str, Any],
        tensors: Mapping[str, NDArray[Any]],
        tokenizer: bytes,
        *,
        device: str | torch.device | None = None,
        exactly: bool = True,
        **others: Any,
    ) -> Self:
        """Make an encoder of its parts.

        Args:
            config: The encoder's config, with no keys but those that its architecture needs.
            tensors: The weights, under LLM-Blender's names.
            tokenizer: The `tokenizer.json`.
            device: Where to put it; None leaves it on the CPU.
            exactly: Whether there may be no other tensors, such as buffers of older releases.
            **others: Of `PairEncoder`.

        Raises:
            ArtifactSchemaError: If the tensors are not those of the config's model and the head.
        """
        shapes = {name: tensor.shape for name, tensor in tensors.items()}
        body = backbone_shapes(shapes)
        checked = checked_model_config(config, ENCODERS, body)
        read = read_tokenizer(tokenizer, n_ids=checked["vocab_size"])
        require_transformers()
        from transformers import AutoModel

        with seeded(None, 0):  # the weights drawn here are replaced; nobody's generator should move
            model = built(AutoModel, make_config(checked), body, exactly=exactly)
            encoder = cls(model, read, **others)
        if max(encoder.input.marker_ids) >= checked["vocab_size"]:
            raise ArtifactSchemaError("a pair ranker's embeddings must have a row for each of its markers")
        names = set(encoder.model.state_dict())
        load_tensors(encoder.model, {n: t for n, t in tensors.items() if exactly or n in names})
        placed(encoder.model, device)
        return encoder
