"""Folders in the formats in which LLM-Blender published PairRM, with its keys and with small weights.

Every weight is drawn from a named numpy generator, so that the same folder can be made again wherever the
numbers that LLM-Blender's code gives for it are to be compared.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer
from transformers import DebertaV2Config, DebertaV2Model

from tests.published.folders import normals
from tests.routers.tiny_models import byte_tokenizer, save_tokenizer

WIDTH, SOURCE_TOKENS, CANDIDATE_TOKENS = 64, 24, 16
MARKERS = ["<|source|>", "<|candidate1|>", "<|candidate2|>", "<|candidate|>"]
ASKED = (
    ("What is 2+2?", ("4", "It is five.", "four, of course")),
    (
        "A question that is longer than its room, by some words.",
        ("yes", "a longer answer than fits, too", ""),
    ),
    ("Prove [SEP] it", ("[SEP] no [SEP]", "caf\u00e9 \u6f22\u5b57", "  spaces  ")),
    ("", ("a", "b", "c")),
)
"""Questions with three answers each."""


def pair_rm_tokenizer() -> Tokenizer:
    """Bytes between [CLS] and [SEP], as DeBERTa's tokenizer sets them."""
    return byte_tokenizer(["[PAD]", "[CLS]", "[SEP]", "[UNK]", "[MASK]"], around=("[CLS]", "[SEP]"))


def pair_rm_config(n_ids: int) -> DebertaV2Config:
    """DeBERTa-v3's settings, 2 layers of 64."""
    settings: dict[str, Any] = {
        "vocab_size": n_ids,
        "hidden_size": WIDTH,
        "num_hidden_layers": 2,
        "num_attention_heads": 1,
        "intermediate_size": 96,
        "position_buckets": 8,
        "relative_attention": True,
        "max_relative_positions": -1,
        "norm_rel_ebd": "layer_norm",
        "share_att_key": True,
        "pos_att_type": ["p2c", "c2p"],
        "position_biased_input": False,
        "type_vocab_size": 0,
        "layer_norm_eps": 1e-7,
        "pad_token_id": 0,
    }
    return DebertaV2Config(**settings)


def pair_rm_tensors(n_ids: int, *, n_tasks: int = 1) -> dict[str, torch.Tensor]:
    """The tensors of an encoder and the head, under the names that both formats have."""
    shapes = {
        f"pretrained_model.{n}": t.shape
        for n, t in DebertaV2Model(pair_rm_config(n_ids)).state_dict().items()
    }
    shapes |= {
        "head_layer.1.weight": torch.Size((WIDTH, 2 * WIDTH)),
        "head_layer.1.bias": torch.Size((WIDTH,)),
        "head_layer.4.weight": torch.Size((n_tasks, WIDTH)),
        "head_layer.4.bias": torch.Size((n_tasks,)),
    }
    tensors = {}
    for name, shape in shapes.items():
        drawn = normals(name, shape, 0.2)
        is_scale = "LayerNorm.weight" in name
        tensors[name] = torch.from_numpy(np.abs(1 + drawn) if is_scale else drawn)
    return tensors


def pair_rm_folder(folder: Path, *, n_tasks: int = 1, **config: Any) -> Path:
    """As `llm-blender/PairRM` is saved: LLM-Blender's own config, which names the encoder."""
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = pair_rm_tokenizer()
    n_ids = tokenizer.get_vocab_size() + len(MARKERS)
    save_tokenizer(folder, tokenizer, pad_token="[PAD]", cls_token="[CLS]", sep_token="[SEP]")
    written = {
        "ranker_type": "pairranker",
        "model_type": "deberta",
        "model_name": "microsoft/deberta-v3-large",
        "cache_dir": None,
        "load_checkpoint": None,
        "source_maxlength": SOURCE_TOKENS,
        "candidate_maxlength": CANDIDATE_TOKENS,
        "n_tasks": n_tasks,
        "num_pos": 1,
        "num_neg": 1,
        "sub_sampling_mode": "all_pair",
        "sub_sampling_ratio": 0.4,
        "loss_type": "instructgpt",
        "reduce_type": "linear",
        "inference_mode": "bubble",
        "drop_out": 0.05,
        "fp16": True,
    }
    (folder / "config.json").write_text(json.dumps({**written, **config}))
    save_file(pair_rm_tensors(n_ids, n_tasks=n_tasks), folder / "model.safetensors")
    return folder


def pair_rm_hf_folder(folder: Path, **config: Any) -> Path:
    """As `llm-blender/PairRM-hf` is saved: transformers' config, with the markers' ids."""
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = pair_rm_tokenizer()
    first = tokenizer.get_vocab_size()
    tokenizer.add_tokens(MARKERS)
    save_tokenizer(folder, tokenizer, pad_token="[PAD]", cls_token="[CLS]", sep_token="[SEP]")
    written = {
        **pair_rm_config(first + len(MARKERS)).to_dict(),
        "architectures": ["DebertaV2PairRM"],
        "n_tasks": 1,
        "drop_out": 0.05,
        "sep_token_id": 2,
        "source_prefix_id": first,
        "cand1_prefix_id": first + 1,
        "cand2_prefix_id": first + 2,
        "cand_prefix_id": first + 3,
    }
    (folder / "config.json").write_text(json.dumps({**written, **config}))
    save_file(pair_rm_tensors(first + len(MARKERS)), folder / "model.safetensors")
    return folder
