"""Rows of token ids of one length, as a transformer takes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import torch


def pad(
    rows: Sequence[Sequence[int]],
    *,
    pad_id: int,
    device: torch.device | str | None,
    side: Literal["left", "right"] = "right",
) -> dict[str, Any]:
    """Return `input_ids` and `attention_mask`, each (n, longest row), padded on one side."""
    import torch

    width = max(len(row) for row in rows)
    ids = torch.full((len(rows), width), pad_id, dtype=torch.long)
    mask = torch.zeros((len(rows), width), dtype=torch.long)
    for row, content in enumerate(rows):
        columns = slice(0, len(content)) if side == "right" else slice(width - len(content), width)
        ids[row, columns] = torch.tensor(content, dtype=torch.long)
        mask[row, columns] = 1
    return {"input_ids": ids.to(device), "attention_mask": mask.to(device)}
