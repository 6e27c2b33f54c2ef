"""Folders in the formats that RouteLLM published, with the very keys and configs and with small weights.

Every weight is drawn from a named numpy generator, so the same folder can be made again wherever the
numbers that RouteLLM's code gives for it are to be compared. The texts of its causal LM's instruction are
its own; these are others, in the same two files.
"""

import json
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import save_file
from tokenizers import processors
from transformers import LlamaConfig, LlamaForCausalLM, XLMRobertaConfig, XLMRobertaForSequenceClassification

from tests.routers.tiny_models import byte_tokenizer, save_tokenizer

MF_DIM, MF_WIDTH = 16, 48
BERT_LENGTH = 48
SYSTEM = "[Instruction]\nPredict how good the assistant's answer will be, from 1 to 5.\n"
CLASSIFIER = "[Question]\n{question}\n\nPrediction:\n"
LABELS = [f"[[{score}]]" for score in range(1, 6)]
QUERIES = (
    "What is the capital of France?",
    "Prove that there are infinitely many primes.",
    "  spaces around, and a question mark at the end?  ",
    "two\nlines\n",
    "café, naïve, 漢字",
    "a word and then many more of them, " * 8,
    "x",
)


def normals(name: str, shape: Sequence[int], scale: float = 1.0) -> NDArray[np.float32]:
    """Standard normal numbers times `scale`, fixed by the name."""
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    return (scale * rng.standard_normal(tuple(shape))).astype(np.float32)


def mf_tensors() -> dict[str, NDArray[np.float32]]:
    return {
        "P.weight": normals("P", (64, MF_DIM)),
        "text_proj.0.weight": normals("text_proj", (MF_DIM, MF_WIDTH)),
        "classifier.0.weight": normals("classifier", (1, MF_DIM)),
    }


def mf_folder(folder: Path) -> Path:
    """As `PyTorchModelHubMixin` saves RouteLLM's MFModel."""
    folder.mkdir(parents=True, exist_ok=True)
    config = {"dim": MF_DIM, "num_models": 64, "text_dim": MF_WIDTH, "num_classes": 1, "use_proj": True}
    (folder / "config.json").write_text(json.dumps(config))
    save_file(mf_tensors(), folder / "model.safetensors")
    return folder


def bert_folder(folder: Path) -> Path:
    """XLM-R with three labels, 2 layers of 16."""
    tokenizer = byte_tokenizer(["<s>", "<pad>", "</s>"], around=("<s>", "</s>"))
    config = XLMRobertaConfig(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=BERT_LENGTH + 2,
        type_vocab_size=1,
        pad_token_id=1,
        bos_token_id=0,
        eos_token_id=2,
    )
    config.num_labels = 3
    _draw_weights(XLMRobertaForSequenceClassification(config), 0.2).save_pretrained(folder)
    save_tokenizer(
        folder, tokenizer, pad_token="<pad>", bos_token="<s>", eos_token="</s>", model_max_length=BERT_LENGTH
    )
    return folder


def causal_folder(folder: Path) -> Path:
    """A Llama of 2 layers of 32 that, as the published one, answers any prompt with a header and a label.

    Its layers add little to a token's embedding, and the output layer's row of the token that is to follow
    is that embedding: after <|eot_id|> comes the assistant's header, then a label. Which label it is depends
    on the little that attention brought.
    """
    specials = ["<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"]
    tokenizer = byte_tokenizer(specials)
    tokenizer.add_tokens(["assistant", "\n\n"])  # one token each, as in Llama 3
    tokenizer.add_special_tokens(LABELS)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<|begin_of_text|> $A", special_tokens=[("<|begin_of_text|>", 0)]
    )
    config = LlamaConfig(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        intermediate_size=64,
        max_position_embeddings=1024,
        tie_word_embeddings=False,
        pad_token_id=None,
        bos_token_id=0,
        eos_token_id=3,
    )
    model = _draw_weights(LlamaForCausalLM(config), 0.12)
    embeddings, rows = model.model.embed_tokens.weight.data, model.lm_head.weight.data
    rows *= 0.1
    chain = ["<|eot_id|>", "<|start_header_id|>", "assistant", "<|end_header_id|>", "\n\n"]
    ids = [tokenizer.token_to_id(token) for token in chain]
    for token, follower in zip(ids, ids[1:], strict=False):
        rows[follower] += embeddings[token]
    labels = [tokenizer.token_to_id(label) for label in LABELS]
    last = embeddings[ids[-1]]
    apart = torch.from_numpy(normals("labels", (5, 32), 2.0))
    apart -= torch.outer(apart @ last / (last @ last), last)  # so that the query decides, not the last token
    rows[labels] = last + apart
    model.save_pretrained(folder)
    save_tokenizer(folder, tokenizer, bos_token="<|begin_of_text|>", eos_token="<|eot_id|>")
    (folder / "system_ft_v5.txt").write_text(SYSTEM)
    (folder / "classifier_ft_v5.txt").write_text(CLASSIFIER)
    return folder


def _draw_weights(model: Any, scale: float) -> Any:
    state: Mapping[str, torch.Tensor] = model.state_dict()
    for name, tensor in state.items():
        if tensor.is_floating_point():
            offset = 1.0 if "norm" in name.lower() and name.endswith("weight") else 0.0
            size = 1.0 if "embed" in name else scale
            tensor.copy_(torch.from_numpy(offset + normals(name, tensor.shape, size)))
    return model
