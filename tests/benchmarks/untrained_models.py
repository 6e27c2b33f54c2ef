"""Fine-tuned routers of the published sizes with random weights: weights do not change the time.

The BERT router is BERT base (12 layers, 768 wide, 110 million parameters), the size of RouteLLM's XLM-R base
apart from its vocabulary. The causal LM is Llama 3's 8 billion (32 layers, 4,096 wide) in bfloat16, or any of
its kind. Neither's tokenizer is here: MiniLM's word pieces and SmolLM2's byte pairs read the prompts in their
place, the latter into some more tokens than Llama's.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

from shared_router import Router
from shared_router.embedding.building import attention_for
from shared_router.routers.bert import BertRouter
from shared_router.routers.causal_lm import CausalLMRouter
from shared_router.training.encoder import Encoder
from shared_router.training.instruction import INSTRUCTION, Prompt
from shared_router.training.language_model import LanguageModel

SMOLLM2_135M = {
    "hidden_size": 576,
    "intermediate_size": 1536,
    "num_hidden_layers": 30,
    "num_attention_heads": 9,
    "num_key_value_heads": 3,
    "vocab_size": 49152,
    "max_position_embeddings": 8192,
}

LLAMA_3_8B = {
    "hidden_size": 4096,
    "intermediate_size": 14336,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "vocab_size": 128256,
    "max_position_embeddings": 8192,
}


def untrained_bert(tokenizer: Path, device: str) -> Router:
    """Return a BERT base router that reads with a `tokenizer.json`."""
    import torch
    from tokenizers import Tokenizer
    from transformers import AutoModelForSequenceClassification, BertConfig, BertForSequenceClassification

    config: Any = BertConfig()
    config.num_labels = 3
    config._attn_implementation = attention_for(AutoModelForSequenceClassification, config)
    with torch.device(device):
        model = BertForSequenceClassification(config)
    router = BertRouter(None, device=device)
    reading: Any = {"max_length": 512, "keep": "ends"}
    router.encoder_ = Encoder(model, Tokenizer.from_file(str(tokenizer)), **reading)
    return router


def untrained_causal_lm(tokenizer: Path, device: str, sizes: dict[str, int]) -> Router:
    """Return a causal LM router of Llama's kind, in bfloat16, that reads with a `tokenizer.json`."""
    import torch
    from tokenizers import Tokenizer
    from transformers import AutoModelForCausalLM, LlamaConfig, LlamaModel

    config: Any = LlamaConfig(**cast("dict[str, Any]", sizes))
    config._attn_implementation = attention_for(AutoModelForCausalLM, config)
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.bfloat16)
    try:
        with torch.device(device):
            backbone = LlamaModel(config)
    finally:
        torch.set_default_dtype(before)
    labels = torch.nn.Linear(config.hidden_size, 5, bias=False, device=device)
    module = torch.nn.ModuleDict({"backbone": backbone, "labels": labels})
    reads = Tokenizer.from_file(str(tokenizer))
    router = CausalLMRouter(None, lora=None, dtype="bfloat16")
    router.model_ = LanguageModel(module, reads, _chat(), max_length=2048, adapters=False)
    return router


def _chat() -> Prompt:
    system = f"<|im_start|>system\n{INSTRUCTION}<|im_end|>\n<|im_start|>user\n"
    return Prompt(system, "<|im_end|>\n<|im_start|>assistant\n")
