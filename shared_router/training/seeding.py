"""Draws that depend on given numbers alone, and change nobody else's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch


@contextmanager
def seeded(model: torch.nn.Module | None, *numbers: int) -> Iterator[None]:
    """Draw from a generator of these numbers inside, and leave everybody else's as it was."""
    import torch

    devices = {p.device.index for p in model.parameters() if p.device.type == "cuda"} if model else set()
    with torch.random.fork_rng(sorted(devices)):
        torch.manual_seed(int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0]) >> 1)
        yield
