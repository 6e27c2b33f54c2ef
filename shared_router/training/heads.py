"""What an encoder's outputs mean: the losses they are trained with, the win probabilities they give."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from shared_router.training.win_labels import STRONG_WINS

if TYPE_CHECKING:
    import torch

Head = Literal["three_classes", "logit", "correctness"]
N_OUTPUTS: dict[Head, int] = {"three_classes": 3, "logit": 1, "correctness": 2}


def row_losses(head: Head, logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Return each row's cross-entropy, shape (b,); of several yes-or-no outputs the mean.

    Args:
        head: What the outputs mean.
        logits: Shape (b, n_outputs).
        targets: Shape (b, n_outputs), probabilities; with three classes each row sums to 1.
    """
    from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

    logits, targets = logits.float(), targets.to(logits.device)
    if head == "three_classes":
        return cross_entropy(logits, targets, reduction="none")
    return binary_cross_entropy_with_logits(logits, targets, reduction="none").mean(dim=1)


def win_probability(head: Head, logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the win probabilities that some outputs give.

    Args:
        head: `"three_classes"`: softmax[0]. `"logit"`: the sigmoid. `"correctness"`:
            (1 + P(strong right) - P(weak right)) / 2. Whatever the dependence between the two,
            P(S) - P(W) = P(S alone right) - P(W alone right), so this is P(S alone right) + half of
            P(both or none right): ties shared equally.
        logits: Shape (n, n_outputs).

    Returns:
        Shape (n,), each in [0, 1].
    """
    if head == "three_classes":
        return softmax(logits)[:, STRONG_WINS]
    right = 0.5 * (1.0 + np.tanh(0.5 * logits))  # the sigmoid, without overflow
    if head == "logit":
        return right[:, 0]
    shared: NDArray[np.float64] = 0.5 * (1.0 + right[:, 0] - right[:, 1])
    return shared


def softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return each row's probabilities, shape as given."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities: NDArray[np.float64] = powers / powers.sum(axis=1, keepdims=True)
    return probabilities
