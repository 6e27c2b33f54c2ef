"""Several processes that train one model: each reads its share of every batch, and all take the same step.

They are started by `accelerate launch`, one a GPU, or by `torchrun`, and see each other's gradients alone.
With one process nothing here does anything.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from shared_router.errors import MissingExtraError

if TYPE_CHECKING:
    import torch


class Processes:
    """This process among those that train together.

    Args:
        device: Where this one's model is.

    Attributes:
        index: Which one this is, from 0.
        count: How many there are.

    Raises:
        MissingExtraError: If there are several and accelerate is not installed.
    """

    def __init__(self, device: torch.device) -> None:
        self.index, self.count = 0, 1
        if int(os.environ.get("WORLD_SIZE", "1")) > 1:
            try:
                from accelerate import PartialState  # type: ignore[import-untyped]
            except ImportError as error:
                raise MissingExtraError.of("accelerate", "torch") from error
            state = PartialState(cpu=device.type == "cpu")
            self.index, self.count = state.process_index, state.num_processes

    @property
    def is_first(self) -> bool:
        """Whether this one writes what all have learned."""
        return self.index == 0

    def share(self, batch: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return this process's rows of a batch; none where there are fewer rows than processes."""
        return batch[self.index :: self.count]

    def sum_gradients(self, parameters: Sequence[torch.nn.Parameter]) -> None:
        """Give every parameter the sum of all processes' gradients; none where no process has one."""
        if self.count == 1:
            return
        import torch

        gradients = [torch.zeros_like(p) if p.grad is None else p.grad for p in parameters]
        there = gradients[0].new_tensor([float(p.grad is not None) for p in parameters], dtype=torch.float32)
        together = torch.cat([*(gradient.reshape(-1) for gradient in gradients), there])  # in the widest type
        torch.distributed.all_reduce(together)
        *pieces, counts = torch.split(together, [*(each.numel() for each in gradients), len(gradients)])
        for parameter, piece, count in zip(parameters, pieces, counts.tolist(), strict=True):
            summed = piece.reshape(parameter.shape).to(parameter.dtype, copy=True)
            parameter.grad = summed if count else None  # one without a gradient does not decay either

    def sum(self, value: torch.Tensor) -> float:
        """Return the sum of all processes' values."""
        import torch

        summed = value.detach().clone()
        if self.count > 1:
            torch.distributed.all_reduce(summed)
        return float(summed)

    def wait(self) -> None:
        """Wait until all are here."""
        if self.count > 1:
            import torch

            torch.distributed.barrier()
