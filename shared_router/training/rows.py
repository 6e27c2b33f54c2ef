"""The rows that a transformer is fine-tuned on."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Rows:
    """What is learned from.

    Attributes:
        queries: n texts: equal ones are held out together. Not in the repr.
        ids: The token ids of each.
        targets: Shape (n, k): what the model's k outputs should be.
        weights: Shape (n,), how much each row counts, > 0.
    """

    queries: Sequence[str] = field(repr=False)
    ids: list[list[int]] = field(repr=False)
    targets: NDArray[np.float32] = field(repr=False)
    weights: NDArray[np.float32] = field(repr=False)

    def sha256(self) -> str:
        """Return what pins the rows, in hex."""
        digest = hashlib.sha256(repr((list(self.queries), self.ids)).encode("utf-8", "surrogatepass"))
        digest.update(self.targets.tobytes())
        digest.update(self.weights.tobytes())
        return digest.hexdigest()
