"""Low-rank adapters for a language model, by `peft`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared_router.errors import InvalidInputError, MissingExtraError

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True)
class Lora:
    """Low-rank adapters: a few small matrices are trained in place of the whole model.

    Attributes:
        rank: Width of each adapter, >= 1.
        alpha: Its output is scaled by alpha / rank.
        dropout: Share of its inputs that is dropped in training, in [0, 1).
        targets: The linear layers that get one, by the end of their names.

    Raises:
        InvalidInputError: If a value is out of its range.
    """

    rank: int = 8
    alpha: int = 16
    dropout: float = 0.05
    targets: tuple[str, ...] = ("q_proj", "v_proj")

    def __post_init__(self) -> None:
        """Check every range."""
        if self.rank < 1:
            raise InvalidInputError(f"rank must be >= 1, got {self.rank!r}")
        if not 0 <= self.dropout < 1:
            raise InvalidInputError(f"dropout must be in [0, 1), got {self.dropout!r}")


def add_adapters(backbone: torch.nn.Module, lora: Lora) -> None:
    """Put adapters into a model and leave nothing else to be trained.

    Raises:
        MissingExtraError: If peft is missing.
        InvalidInputError: If `targets` names no linear layer of the model.
    """
    try:
        from peft import LoraConfig, inject_adapter_in_model
    except ImportError as error:
        raise MissingExtraError.of("peft", "torch") from error
    config = LoraConfig(
        r=lora.rank, lora_alpha=lora.alpha, lora_dropout=lora.dropout, target_modules=list(lora.targets)
    )
    try:
        inject_adapter_in_model(config, backbone)
    except ValueError as error:
        raise InvalidInputError(
            f"lora.targets must name linear layers of the model, got {list(lora.targets)}"
        ) from error
    for parameter in backbone.parameters():
        if parameter.requires_grad:
            parameter.data = parameter.data.float()  # AdamW's steps are too small for bfloat16
