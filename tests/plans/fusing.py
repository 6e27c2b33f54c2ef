"""What the tests of fusing share: a tokenizer in T5's form, and what GenFuser is asked to fuse."""

from tokenizers import Tokenizer, processors

from tests.routers.tiny_models import byte_tokenizer

FUSED = (
    ("Answer briefly.", "What is 2+2?", ("4", "It is five, I think."), 512, 8),
    ("", "Who?", ("a", "b", "c"), 64, 128),
    ("Say it", "well", ("one two three",), 40, 4),
)
"""Instruction, question, answers, tokens in all, tokens of an answer."""


def fuser_tokenizer() -> Tokenizer:
    """Bytes that end with </s>, and T5's sentinels."""
    tokenizer = byte_tokenizer(["<pad>", "</s>", "<unk>"])
    tokenizer.add_special_tokens([f"<extra_id_{at}>" for at in range(4)])
    tokenizer.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    return tokenizer
