"""Transformers of two layers, made from a config in a second: no download, no file that is kept."""

from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors
from transformers import (
    BartConfig,
    BartForConditionalGeneration,
    BertConfig,
    BertModel,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
)

ENCODER_LENGTH = 64
HARD = [f"prove theorem {i} of the book" for i in range(30)]
EASY = [f"say hello to guest {i} for me" for i in range(30)]
CHAT_TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def tiny_encoder(folder: Path, *, seed: int = 0) -> Path:
    """Save a BERT of 2 layers, 16 wide, that reads bytes between [CLS] and [SEP]."""
    tokenizer = byte_tokenizer(["[PAD]", "[CLS]", "[SEP]"], around=("[CLS]", "[SEP]"))
    config = BertConfig(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=ENCODER_LENGTH,
        pad_token_id=0,
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        BertModel(config).save_pretrained(folder)
    save_tokenizer(folder, tokenizer, pad_token="[PAD]")
    return folder


def tiny_language_model(folder: Path, *, seed: int = 0, chat: bool = True) -> Path:
    """Save a Llama of 2 layers, 32 wide, that reads bytes and, with `chat`, has a chat template."""
    tokenizer = byte_tokenizer(["<|pad|>", "<|im_start|>", "<|im_end|>"])
    config = LlamaConfig(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        intermediate_size=64,
        max_position_embeddings=512,
        tie_word_embeddings=True,
        pad_token_id=0,
        bos_token_id=1,
        eos_token_id=2,
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        LlamaForCausalLM(config).save_pretrained(folder)
    save_tokenizer(
        folder,
        tokenizer,
        pad_token="<|pad|>",
        eos_token="<|im_end|>",
        **({"chat_template": CHAT_TEMPLATE} if chat else {}),
    )
    return folder


def save_tokenizer(folder: Path, tokenizer: Tokenizer, **options: Any) -> None:
    """Save a tokenizer as `AutoTokenizer` reads it."""
    wrapped = PreTrainedTokenizerFast(tokenizer_object=tokenizer, **options)  # type: ignore[no-untyped-call]
    wrapped.save_pretrained(folder)


def byte_tokenizer(specials: list[str], *, around: tuple[str, str] | None = None) -> Tokenizer:
    """Return a tokenizer of one token per byte, the special tokens first, two of them `around` each text."""
    names = [*specials, *sorted(pre_tokenizers.ByteLevel.alphabet())]
    tokenizer = Tokenizer(models.BPE(vocab={name: i for i, name in enumerate(names)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(specials)
    if around is not None:
        begin, end = around
        tokenizer.post_processor = processors.TemplateProcessing(
            single=f"{begin} $A {end}", special_tokens=[(name, specials.index(name)) for name in around]
        )
    return tokenizer


def tiny_bart(folder: Path, *, seed: int = 0) -> Path:
    """Save a BART of 1 and 2 layers, 16 wide, that reads bytes between <s> and </s>."""
    tokenizer = byte_tokenizer(["<s>", "<pad>", "</s>"], around=("<s>", "</s>"))
    config = BartConfig(
        vocab_size=tokenizer.get_vocab_size(),
        d_model=16,
        encoder_layers=1,
        decoder_layers=2,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=32,
        decoder_ffn_dim=32,
        max_position_embeddings=ENCODER_LENGTH,
        init_std=0.5,
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        BartForConditionalGeneration(config).save_pretrained(folder)
    save_tokenizer(folder, tokenizer, bos_token="<s>", pad_token="<pad>", eos_token="</s>")
    return folder
