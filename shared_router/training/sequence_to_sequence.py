"""A T5 and its tokenizer: token ids in, text out, and what a written answer loses in training.

Left out: other encoder-decoders, several machines, and quantised weights.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from shared_router.checkpoints.artifact import Artifact
from shared_router.checkpoints.tokenizer import TOKENIZER, read_tokenizer, tokenizer_bytes, tokenizing
from shared_router.embedding.building import built
from shared_router.embedding.loading import quietly, reading
from shared_router.embedding.padding import pad
from shared_router.errors import ArtifactSchemaError
from shared_router.training.modules import (
    backend_of,
    load_tensors,
    placed,
    refuse_missing,
    require_transformers,
    tensors_of,
)
from shared_router.training.seeding import seeded

if TYPE_CHECKING:
    import torch
    from tokenizers import Tokenizer
    from typing_extensions import Self

END = "</s>"
PADDING = -1
"""What fills a row of targets: no id."""

_COUNTS = ("d_ff", "d_kv", "d_model", "num_decoder_layers", "num_heads", "num_layers", "vocab_size")
_IDS = ("decoder_start_token_id", "eos_token_id", "pad_token_id")
_BUCKETS = ("relative_attention_max_distance", "relative_attention_num_buckets")
_NUMBERS = ("dropout_rate", "initializer_factor", "layer_norm_epsilon")
_FORMS = ("relu", "gated-gelu")
_DECODERS = (None, "ByteLevel", "Metaspace")
"""A decoder of another kind may write any text."""


class SequenceToSequence:
    """A T5, ready to be trained or to write.

    Args:
        model: The transformer; left in evaluation mode.
        tokenizer: Its `tokenizers` tokenizer.
    """

    def __init__(self, model: Any, tokenizer: Tokenizer) -> None:
        model.train(False)
        self.model = model
        self.tokenizer = tokenizer
        self.pad_id = int(model.config.pad_token_id)
        self.end_id: int = tokenizer.get_vocab()[END]

    @classmethod
    def pretrained(
        cls,
        name: str | Path,
        *,
        dtype: str | None = None,
        device: str | torch.device | None = None,
        revision: str | None = None,
    ) -> Self:
        """Load a T5 from a folder or the hub: safetensors only, no code of its own is run.

        Args:
            name: The folder or the hub's name.
            dtype: What to load it in; None is float32.
            device: Where to put it; None leaves it on the CPU.
            revision: The hub's revision.

        Raises:
            ArtifactError: If it cannot be read, is no T5, or lacks weights.
            MissingExtraError: If torch or transformers is missing.
        """
        require_transformers()
        import torch
        from transformers import AutoTokenizer, PretrainedConfig, T5ForConditionalGeneration

        hub: dict[str, Any] = {} if revision is None else {"revision": revision}
        with quietly(), reading(name):
            raw, _ = PretrainedConfig.get_config_dict(str(name), **hub)
            config = _made(checked_t5_config(_needed(raw)))
            tokenizer: Any = AutoTokenizer.from_pretrained(
                name, config=config, trust_remote_code=False, **hub
            )
            loaded: Any = T5ForConditionalGeneration.from_pretrained(
                name,
                config=config,
                dtype=getattr(torch, dtype or "float32"),
                use_safetensors=True,
                output_loading_info=True,
                **hub,
            )
            model, info = loaded
            refuse_missing(info)
            return cls(placed(model, device), backend_of(tokenizer))

    def ids(self, text: str) -> list[int]:
        """Return a text's ids; special tokens that it spells are those tokens, and none is added."""
        with tokenizing():
            found: list[int] = self.tokenizer.encode(text, add_special_tokens=False).ids
        return found

    def text(self, ids: Sequence[int], *, special: bool) -> str:
        """Return the text of some ids, with or without special tokens."""
        with tokenizing():
            return self.tokenizer.decode(list(ids), skip_special_tokens=not special)

    def written(self, ids: Sequence[int], *, most_tokens: int, beams: int) -> str:
        """Return what the model writes for an input.

        Args:
            ids: The input.
            most_tokens: The most tokens that it writes, >= 1.
            beams: The beams that are searched; 1 is greedy.
        """
        import torch

        inputs = pad([ids], pad_id=self.pad_id, device=self.model.device)
        with torch.inference_mode():
            found = self.model.generate(
                **inputs, max_new_tokens=most_tokens, num_beams=beams, do_sample=False
            )
        return self.text(found[0].tolist(), special=False)

    def losses(self, ids: Sequence[Sequence[int]], targets: torch.Tensor) -> torch.Tensor:
        """Return each row's mean cross-entropy over its target's tokens, shape (b,).

        Args:
            ids: The inputs of a batch.
            targets: The ids to write, shape (b, longest), filled with `PADDING`.
        """
        from torch.nn.functional import cross_entropy

        device = self.model.device
        wanted = targets.long().to(device)
        known = wanted != PADDING
        labels = wanted.masked_fill(~known, -100)
        logits = self.model(**pad(ids, pad_id=self.pad_id, device=device), labels=labels).logits
        each = cross_entropy(logits.float().transpose(1, 2), labels, reduction="none", ignore_index=-100)
        losses: torch.Tensor = each.sum(dim=1) / known.sum(dim=1)
        return losses

    def artifact(self, kind: str, settings: Mapping[str, Any]) -> Artifact:
        """Return what makes this model again, with settings of its user's beside it."""
        own = checked_t5_config(_needed(self.model.config.to_dict()))
        files = {TOKENIZER: tokenizer_bytes(self.tokenizer)}
        return Artifact(kind, {**settings, "model_config": own}, tensors_of(self.model), files)

    @classmethod
    def from_artifact(cls, artifact: Artifact, *, device: str | torch.device | None = None) -> Self:
        """Make the model that `artifact` described.

        Raises:
            ArtifactSchemaError: If the tensors are not those of the config's model, or the tokenizer is none
                for it.
            KeyError: If a setting or the tokenizer is missing.
        """
        config = checked_t5_config(artifact.settings["model_config"])
        content = artifact.files[TOKENIZER]
        tokenizer = read_tokenizer(content, n_ids=config["vocab_size"])
        decoder = json.loads(content).get("decoder") or {"type": None}
        if decoder.get("type") not in _DECODERS:
            raise ArtifactSchemaError(f"a T5's tokenizer must have a decoder among {_DECODERS[1:]}")
        require_transformers()
        from transformers import AutoModelForSeq2SeqLM

        shapes = {name: tensor.shape for name, tensor in artifact.tensors.items()}
        # tied weights stand once in a checkpoint, and under each of their names in a model
        tied = {name: shapes["shared.weight"] for name in _TIED if name not in shapes}
        with seeded(None, 0):  # the weights drawn here are replaced; nobody's generator should move
            model = built(AutoModelForSeq2SeqLM, _made(config), {**shapes, **tied})
        if "lm_head.weight" in shapes and model.lm_head.weight is model.shared.weight:
            # transformers 5 unties what is not tied only where it reads a checkpoint itself
            model.lm_head.weight = type(model.shared.weight)(model.shared.weight.detach().clone())
        load_tensors(model, artifact.tensors)
        return cls(placed(model, device), tokenizer)


_TIED = ("encoder.embed_tokens.weight", "decoder.embed_tokens.weight", "lm_head.weight")


def checked_t5_config(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return a T5's config whose every key is one that it needs and whose every value is of its kind.

    Raises:
        ArtifactSchemaError: If a key or a value is another.
    """
    if not isinstance(config, Mapping) or config.get("model_type") != "t5":
        raise ArtifactSchemaError("a fuser's model must be a T5, and its config is of another type")
    for key, value in config.items():
        if key != "model_type" and not _fits(key, value):
            raise ArtifactSchemaError(
                f"a T5's config must have the keys that it needs, each with a value of its kind, and "
                f"{str(key)[:64]!r} is none or has none"
            )
    missing = sorted({*_COUNTS, "pad_token_id"} - set(config))
    if missing:
        raise ArtifactSchemaError(f"a T5's config must say {missing}")
    return dict(config)


def _needed(config: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out of a config what no T5 needs."""
    keys = ("model_type", *_COUNTS, *_IDS, *_BUCKETS, *_NUMBERS, "feed_forward_proj", "tie_word_embeddings")
    found = {key: config[key] for key in keys if config.get(key) is not None}
    # transformers 5 keeps what was said by the ties, whether outputs are scaled, under this name
    if isinstance(config.get("scale_decoder_outputs"), bool):
        found["tie_word_embeddings"] = config["scale_decoder_outputs"]
    found.setdefault("num_decoder_layers", found.get("num_layers"))
    return found


def _fits(key: str, value: Any) -> bool:
    if key in _COUNTS or key in _BUCKETS:
        return type(value) is int and 1 <= value < 1 << 24
    if key in _IDS:
        return type(value) is int and 0 <= value < 1 << 24
    if key in _NUMBERS:
        return type(value) in (int, float) and math.isfinite(value) and 0 <= value <= 1e6
    return (key == "feed_forward_proj" and value in _FORMS) or (
        key == "tie_word_embeddings" and isinstance(value, bool)
    )


def _made(config: Mapping[str, Any]) -> Any:
    from transformers import T5Config

    settings = {key: value for key, value in config.items() if key != "model_type"}
    return T5Config(**settings)


def target_rows(targets: Sequence[Sequence[int]]) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Return ids to write as rows of one length, filled with `PADDING`, shape (n, longest)."""
    rows = np.full((len(targets), max(map(len, targets))), PADDING, dtype=np.float32)
    for row, ids in zip(rows, targets, strict=True):
        row[: len(ids)] = ids
    return rows
