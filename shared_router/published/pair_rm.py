"""LLM-Blender's published rankers, read as they are: the folders of PairRM and of PairRM-hf.

    llm-blender/PairRM      config.json is LLM-Blender's own and names the encoder it began from
    llm-blender/PairRM-hf   config.json is transformers', with the markers' ids

Both hold the same tensors. Safetensors alone is read: of a folder that holds a pickle the error says how to
convert it. An encoder that config.json only names is one of DeBERTa-v3, whose sizes the tensors say, or
stands in a folder that the caller gives.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shared_router.checkpoints.model_keys import ENCODERS
from shared_router.checkpoints.tokenizer import MAX_TOKENIZER_BYTES, TOKENIZER, tokenizer_bytes
from shared_router.embedding.building import checked_keys, config_from, make_config
from shared_router.embedding.loading import reading
from shared_router.errors import ArtifactCorruptError, ArtifactNotFoundError, ArtifactSchemaError
from shared_router.published.load import SAFETENSORS, read_tensors
from shared_router.training.modules import backend_of, require_transformers
from shared_router.training.pair_encoder import PairEncoder
from shared_router.training.pair_model import DROPOUT, backbone_shapes

if TYPE_CHECKING:
    import torch

_SOURCE_TOKENS, _CANDIDATE_TOKENS = 1224, 412
_MAX_CONFIG_BYTES = 1 << 20
_MOST_TOKENS = 1 << 16
_V3_HEAD = 64
"""The width of an attention head in every DeBERTa-v3."""


@dataclass(frozen=True, slots=True)
class _Says:
    """What a folder's config.json says of the ranker."""

    n_tasks: int
    dropout: float
    source_tokens: int
    candidate_tokens: int


def read_pair_rm(
    folder: str | Path, *, backbone: str | Path | None = None, device: str | torch.device | None = None
) -> PairEncoder:
    """Read a published PairRanker.

    Args:
        folder: The folder of PairRM, of PairRM-hf, or of another that LLM-Blender's code saved.
        backbone: The folder of the encoder that it began from, for its config and its tokenizer, where the
            ranker's folder has none.
        device: Where to put it; None is the CPU.

    Raises:
        ArtifactNotFoundError: If a file is missing, or the weights are a pickle.
        ArtifactCorruptError: If a file cannot be parsed.
        ArtifactSchemaError: If the config or the tensors are not a PairRanker's.
        MissingExtraError: If torch or transformers is missing.
    """
    require_transformers()
    where = Path(folder)
    raw = _config(where)
    says = _said(raw)
    _refuse_pickle(where)
    tensors = read_tensors(where, None)
    shapes = backbone_shapes({name: tensor.shape for name, tensor in tensors.items()})
    is_own = "ranker_type" in raw
    config = _encoder_config(where, raw, shapes, backbone) if is_own else _hf_config(where, shapes)
    encoder = PairEncoder.from_weights(
        config,
        tensors,
        _tokenizer(where, backbone, config),
        device=device,
        exactly=False,  # older releases of transformers also saved buffers that the model makes itself
        source_tokens=says.source_tokens,
        candidate_tokens=says.candidate_tokens,
        n_tasks=says.n_tasks,
        dropout=says.dropout,
    )
    rows = int(config["vocab_size"])
    # LLM-Blender cuts the embeddings to its tokenizer, which ends with the markers
    expected = tuple(range(rows - 4, rows)) if is_own else _hf_ids(raw)
    if encoder.input.marker_ids != expected:
        raise ArtifactSchemaError(
            f"the tokenizer must be the ranker's, whose markers have the ids {expected}, got "
            f"{encoder.input.marker_ids}; give the folder of its encoder as backbone"
        )
    return encoder


def _config(folder: Path) -> Mapping[str, Any]:
    if not os.path.isdir(folder):
        raise ArtifactNotFoundError(f"a published ranker must be a folder, and {folder.absolute()} is none")
    try:
        with (folder / "config.json").open("rb") as file:
            raw = json.loads(file.read(_MAX_CONFIG_BYTES))
    except FileNotFoundError as error:
        raise ArtifactNotFoundError(f"a published ranker must hold config.json, and {folder} does not") from (
            error
        )
    except (ValueError, RecursionError) as error:
        raise ArtifactCorruptError(f"{folder}'s config.json must be JSON") from error
    if not isinstance(raw, dict):
        raise ArtifactCorruptError(f"{folder}'s config.json must be an object")
    return raw


def _said(raw: Mapping[str, Any]) -> _Says:
    architectures = raw.get("architectures")
    is_hf = isinstance(architectures, list) and architectures[:1] == ["DebertaV2PairRM"]
    if raw.get("ranker_type") != "pairranker" and not is_hf:
        raise ArtifactSchemaError(
            'a published ranker\'s config must say ranker_type "pairranker" or the architecture '
            "DebertaV2PairRM; other rankers of LLM-Blender are not read"
        )
    tasks, dropout = raw.get("n_tasks", 1), raw.get("drop_out", DROPOUT)
    source = raw.get("source_maxlength") or _SOURCE_TOKENS
    candidate = raw.get("candidate_maxlength") or _CANDIDATE_TOKENS
    counts = (("n_tasks", tasks, 64), ("source_maxlength", source, _MOST_TOKENS))
    for name, value, most in (*counts, ("candidate_maxlength", candidate, _MOST_TOKENS)):
        if type(value) is not int or not 1 <= value <= most:
            raise ArtifactSchemaError(f"a published ranker's {name} must be a whole number in [1, {most}]")
    if type(dropout) not in (int, float) or not 0 <= dropout < 1:
        raise ArtifactSchemaError("a published ranker's drop_out must be a number in [0, 1)")
    return _Says(tasks, float(dropout), source, candidate)


def _refuse_pickle(folder: Path) -> None:
    pickles = sorted(file.name for file in folder.glob("*.bin"))
    if pickles and not (folder / SAFETENSORS).is_file():
        raise ArtifactNotFoundError(
            f"a published ranker must hold {SAFETENSORS}, and {folder} holds the pickle {pickles[0]}, which "
            "is not read; where you trust it, convert it once: safetensors.torch.save_file(torch.load("
            f"{pickles[0]!r}, weights_only=True), {SAFETENSORS!r})"
        )


def _hf_config(folder: Path, shapes: Mapping[str, Sequence[int]]) -> Mapping[str, Any]:
    with reading(folder):
        return checked_keys(config_from(folder, ENCODERS, shapes=shapes), ENCODERS)


def _hf_ids(raw: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(raw.get(f"{name}_prefix_id") for name in ("source", "cand1", "cand2", "cand"))


def _encoder_config(
    folder: Path, raw: Mapping[str, Any], shapes: Mapping[str, Sequence[int]], backbone: str | Path | None
) -> Mapping[str, Any]:
    """Return the config of the encoder that LLM-Blender's own config names."""
    try:
        rows, width = shapes["embeddings.word_embeddings.weight"]
        if backbone is not None:
            with reading(backbone):
                return {**checked_keys(config_from(backbone, ENCODERS), ENCODERS), "vocab_size": rows}
        if "deberta-v3" not in str(raw.get("model_name")) or width % _V3_HEAD:
            raise ArtifactSchemaError(
                f"{folder}'s config.json names its encoder, and only a DeBERTa-v3's config is known; give "
                "the folder of the encoder as backbone"
            )
        return _deberta_v3(shapes, rows, width)
    except (KeyError, ValueError) as error:
        raise ArtifactSchemaError(
            f"a published ranker must hold its encoder's tensors, and {folder} does not"
        ) from error


def _deberta_v3(shapes: Mapping[str, Sequence[int]], rows: int, width: int) -> Mapping[str, Any]:
    layers = {int(name.split(".")[2]) for name in shapes if name.startswith("encoder.layer.")}
    config = {
        "model_type": "deberta-v2",
        "vocab_size": rows,
        "hidden_size": width,
        "num_hidden_layers": max(layers) + 1,
        "num_attention_heads": width // _V3_HEAD,
        "intermediate_size": shapes["encoder.layer.0.intermediate.dense.weight"][0],
        "hidden_act": "gelu",
        "max_position_embeddings": 512,
        "max_relative_positions": -1,
        "position_buckets": shapes["encoder.rel_embeddings.weight"][0] // 2,
        "relative_attention": True,
        "norm_rel_ebd": "layer_norm",
        "share_att_key": True,
        "pos_att_type": ["p2c", "c2p"],
        "position_biased_input": False,
        "type_vocab_size": 0,
        "layer_norm_eps": 1e-7,
        "pad_token_id": 0,
    }
    return checked_keys(make_config(config), ENCODERS)


def _tokenizer(folder: Path, backbone: str | Path | None, config: Mapping[str, Any]) -> bytes:
    """Return the first tokenizer that there is, as a `tokenizer.json`."""
    from transformers import AutoTokenizer

    for place in (folder, *(() if backbone is None else (Path(backbone),))):
        if (place / TOKENIZER).is_file():
            with (place / TOKENIZER).open("rb") as file:
                content: bytes = file.read(MAX_TOKENIZER_BYTES + 1)
                return content
        if (place / "spm.model").is_file():
            with reading(place):
                read: Any = AutoTokenizer.from_pretrained(
                    place, config=make_config(config), trust_remote_code=False
                )
                return tokenizer_bytes(backend_of(read))
    raise ArtifactNotFoundError(
        f"a published ranker must hold {TOKENIZER} or spm.model, and {folder} does not; give the folder of "
        "its encoder as backbone"
    )
