"""An encoder with a classification head and its tokenizer: texts in, logits out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from shared_router.checkpoints.artifact import Artifact
from shared_router.checkpoints.model_config import checked_model_config
from shared_router.checkpoints.model_keys import ENCODERS
from shared_router.checkpoints.tokenizer import TOKENIZER, read_tokenizer, tokenizer_bytes
from shared_router.embedding.building import attention_for, built, checked_keys, config_from, make_config
from shared_router.embedding.loading import cut_layers, position_count, quietly, reading
from shared_router.embedding.padding import pad
from shared_router.errors import InvalidInputError
from shared_router.training.modules import (
    backend_of,
    load_tensors,
    placed,
    refuse_missing,
    require_transformers,
    tensors_of,
)
from shared_router.training.seeding import seeded
from shared_router.training.tokens import Keep, QueryTokenizer, serving_batches, special_ids_around

if TYPE_CHECKING:
    import torch
    from tokenizers import Tokenizer
    from transformers import PreTrainedModel
    from typing_extensions import Self

Pooling = Literal["head", "mean"]


class Encoder:
    """A transformer with a classification head, ready to be trained or asked.

    Args:
        model: The transformer; left in evaluation mode.
        tokenizer: Its `tokenizers` tokenizer.
        max_length: The most tokens of a query.
        keep: Which part of a longer query is read.
        pooling: `"head"`, what the model's own head reads, or `"mean"`, the tokens' mean.

    Attributes:
        new_parameters: Those that the pretrained weights lacked, such as a new head's.

    Raises:
        InvalidInputError: If the transformer has no padding token, reads fewer than `max_length` tokens or,
            for `"mean"`, has a head that is not one linear layer.
    """

    def __init__(
        self,
        model: PreTrainedModel,
        tokenizer: Tokenizer,
        *,
        max_length: int,
        keep: Keep,
        pooling: Pooling = "head",
    ) -> None:
        pad_id = model.config.pad_token_id
        if pad_id is None:
            raise InvalidInputError(
                "an encoder must have a padding token to read queries in batches, got a config without "
                "pad_token_id; set it in the encoder's config.json"
            )
        _check_length(model, max_length)
        if pooling == "mean" and type(getattr(model, "classifier", None)).__name__ != "Linear":
            raise InvalidInputError(
                f'pooling="mean" needs an encoder whose head is one linear layer, as BERT\'s, got a '
                f'{model.config.model_type}; give pooling="head"'
            )
        before, after = special_ids_around(tokenizer)
        self.model = model
        self.new_parameters: list[torch.nn.Parameter] = []
        model.train(False)
        self.pooling = pooling
        self.pad_id: int = pad_id
        self.n_outputs = int(model.config.num_labels or 0)
        self.tokenizer = tokenizer
        # a query without any token would be a row without any column
        self.tokenize = QueryTokenizer(
            tokenizer,
            before=before or ([] if after else [pad_id]),
            after=after,
            max_length=max_length,
            keep=keep,
        )

    @classmethod
    def pretrained(
        cls,
        name: str | Path,
        n_outputs: int,
        *,
        max_length: int,
        keep: Keep,
        pooling: Pooling = "head",
        layers: int | None = None,
        seed: int = 0,
        device: str | torch.device | None = None,
        revision: str | None = None,
    ) -> Self:
        """Load an encoder from a folder or the hub: safetensors only, no code of its own is run.

        Args:
            name: The folder or the hub's name.
            n_outputs: The head's outputs; of a head that is not there they start at 0.
            max_length: See `Encoder`.
            keep: See `Encoder`.
            pooling: See `Encoder`.
            layers: How many of its layers to run; None runs all.
            seed: Fixes a new head's inner layers.
            device: Where to put it; None leaves it on the CPU.
            revision: The hub's revision.

        Raises:
            ArtifactError: If the encoder cannot be read, lacks weights, or has a head of another shape.
            MissingExtraError: If torch or transformers is missing.
            InvalidInputError: If the tokenizer is none of the tokenizers library's, or the encoder has fewer
                layers; see also `Encoder`.
        """
        require_transformers()
        from transformers import AutoModelForSequenceClassification, AutoTokenizer

        hub: dict[str, Any] = {} if revision is None else {"revision": revision}
        with reading(name):
            config = config_from(name, ENCODERS, num_labels=n_outputs, **hub)
            tokenizer = AutoTokenizer.from_pretrained(name, config=config, trust_remote_code=False, **hub)
        cut_layers(config, layers)
        with seeded(None, seed), quietly(), reading(name):
            loaded: Any = AutoModelForSequenceClassification.from_pretrained(
                name,
                config=config,
                attn_implementation=attention_for(AutoModelForSequenceClassification, config),
                trust_remote_code=False,
                use_safetensors=True,
                output_loading_info=True,
                ignore_mismatched_sizes=True,  # refused below
                **hub,
            )
        model, info = loaded
        # only a head may be missing, or the pooler that goes with it
        body = f"{model.base_model_prefix}."
        missing = [key for key in info["missing_keys"] if key.startswith(body) and "pooler" not in key]
        refuse_missing({**info, "missing_keys": missing})
        new = {key: each for key, each in model.named_parameters() if key in info["missing_keys"]}
        for parameter in new.values():
            # outputs drawn at random would rank queries by chance until training has outgrown them
            if parameter.shape[0] == n_outputs:
                parameter.data.zero_()
        encoder = cls(
            placed(model, device),
            backend_of(tokenizer),
            max_length=max_length,
            keep=keep,
            pooling=pooling,
        )
        encoder.new_parameters = list(new.values())
        return encoder

    def batch_logits(self, ids: Sequence[Sequence[int]]) -> torch.Tensor:
        """Return the logits of one batch of token ids, shape (b, n_outputs), with a gradient to follow."""
        inputs = pad(ids, pad_id=self.pad_id, device=self.model.device)
        model: Any = self.model
        logits: torch.Tensor
        if self.pooling == "head":
            logits = model(**inputs).logits
        else:
            hidden = model.base_model(**inputs).last_hidden_state
            mask = inputs["attention_mask"][..., None].to(hidden)
            logits = model.classifier(model.dropout((hidden * mask).sum(dim=1) / mask.sum(dim=1)))
        return logits

    def logits(self, queries: Sequence[str]) -> NDArray[np.float64]:
        """Return the logits of texts, shape (n, n_outputs)."""
        import torch

        ids = self.tokenize(queries)
        logits = np.zeros((len(ids), self.n_outputs), dtype=np.float64)
        with torch.inference_mode():
            for batch in serving_batches(ids, device=self.model.device):
                logits[batch] = self.batch_logits([ids[row] for row in batch]).double().cpu().numpy()
        return logits

    def artifact(self, kind: str, settings: Mapping[str, Any]) -> Artifact:
        """Return what makes this encoder again, with a router's own settings beside it."""
        return Artifact(
            kind,
            {**settings, "encoder_config": checked_keys(self.model.config, ENCODERS)},
            tensors_of(self.model),
            {TOKENIZER: tokenizer_bytes(self.tokenizer)},
        )

    @classmethod
    def from_artifact(
        cls,
        artifact: Artifact,
        *,
        max_length: int,
        keep: Keep,
        pooling: Pooling,
        device: str | torch.device | None = None,
    ) -> Self:
        """Make the encoder that `artifact` described.

        Raises:
            ArtifactSchemaError: If the config has other keys than its architecture needs, the tensors are not
                those of the config's model, or the tokenizer is none for it.
            KeyError: If a setting or the tokenizer is missing.
        """
        shapes = {name: tensor.shape for name, tensor in artifact.tensors.items()}
        config = checked_model_config(artifact.settings["encoder_config"], ENCODERS, shapes)
        tokenizer = read_tokenizer(artifact.files[TOKENIZER], n_ids=config["vocab_size"])
        require_transformers()
        from transformers import AutoModelForSequenceClassification

        with seeded(None, 0):  # the weights drawn here are replaced; nobody's generator should move
            model = built(AutoModelForSequenceClassification, make_config(config), shapes)
        load_tensors(model, artifact.tensors)
        placed(model, device)
        return cls(model, tokenizer, max_length=max_length, keep=keep, pooling=pooling)


def _check_length(model: PreTrainedModel, max_length: int) -> None:
    positions = position_count(model.config)
    if positions is not None and max_length > positions:
        raise InvalidInputError(
            f"max_length must be at most the {positions} tokens that the encoder reads, got {max_length}"
        )
