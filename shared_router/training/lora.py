"""Low-rank adapters for a language model, by `peft`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from shared_router.choices import check_whole, is_number, shown
from shared_router.errors import ArtifactSchemaError, InvalidInputError, MissingExtraError

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
        check_whole("rank", self.rank, least=1)
        if not (is_number(self.dropout) and 0 <= self.dropout < 1):
            raise InvalidInputError(f"dropout must be in [0, 1), got {shown(self.dropout)}")


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


def check_adapters(lora: Lora, tensors: Mapping[str, NDArray[Any]]) -> None:
    """Check that a checkpoint's settings are those of its adapters, before any is made.

    Args:
        lora: The settings.
        tensors: The checkpoint's tensors, by name.

    Raises:
        ArtifactSchemaError: If the rank is none of the tensors' sizes, or a target has no tensor.
    """
    ranks = {size for tensor in tensors.values() for size in tensor.shape}
    if type(lora.rank) is not int or lora.rank not in ranks or not 0 < lora.alpha <= 1 << 20:
        raise ArtifactSchemaError("lora's rank and alpha must be those of the checkpoint's adapters")
    for target in lora.targets:
        if not isinstance(target, str) or not any(f"{target}.lora_" in name for name in tensors):
            raise ArtifactSchemaError("lora's targets must be the layers that the checkpoint has adapters of")
