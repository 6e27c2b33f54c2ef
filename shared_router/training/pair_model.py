"""PairRanker's module: an encoder and the head over two of its states, under LLM-Blender's names.

The head is dropout, a linear layer of 2H to H, tanh, dropout and a linear layer of H to the kinds of quality.
The tensors have the names of LLM-Blender's own, so that theirs are read as they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

BACKBONE = "pretrained_model."
DROPOUT = 0.05


def pair_model(backbone: PreTrainedModel, n_tasks: int, dropout: float) -> torch.nn.Module:
    """Return the encoder with a new head.

    Args:
        backbone: The encoder.
        n_tasks: The kinds of quality that the head scores.
        dropout: The head's, in [0, 1).
    """
    from torch import nn

    width = int(backbone.config.hidden_size)
    head = nn.Sequential(
        nn.Dropout(dropout),
        nn.Linear(2 * width, width),
        nn.Tanh(),
        nn.Dropout(dropout),
        nn.Linear(width, n_tasks),
    )
    return nn.ModuleDict({"pretrained_model": backbone, "head_layer": head})


def backbone_shapes(shapes: Mapping[str, Sequence[int]]) -> dict[str, Sequence[int]]:
    """Return the shapes of the encoder's own tensors, under its own names."""
    own = (name for name in shapes if name.startswith(BACKBONE))
    return {name.removeprefix(BACKBONE): shapes[name] for name in own}


def is_relative(config: Any) -> bool:
    """Tell whether positions are relative alone, as DeBERTa-v3's: then their number sets no bound."""
    return bool(getattr(config, "relative_attention", False)) and not config.position_biased_input
