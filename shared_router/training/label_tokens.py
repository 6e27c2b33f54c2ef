"""The five tokens whose logits are the scores 1 to 5, and their rows of a model's output layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch
    from tokenizers import Tokenizer

N_SCORES = 5
LABEL_TOKENS = tuple(f"[[{score}]]" for score in range(1, N_SCORES + 1))


def label_rows(model: Any, tokenizer: Tokenizer) -> torch.Tensor:
    """Return the output layer's rows of the label tokens, or of the digits where there are none yet.

    Args:
        model: A causal language model of transformers.
        tokenizer: Its `tokenizers` tokenizer.
    """
    ids = [tokenizer.token_to_id(token) for token in LABEL_TOKENS]
    if None in ids:
        ids = [tokenizer.encode(str(score), add_special_tokens=False).ids[-1] for score in range(1, 6)]
    rows: torch.Tensor = model.get_output_embeddings().weight.detach()[ids].float()
    return rows
