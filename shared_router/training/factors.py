"""How matrix factorization is trained (paper, section 4.2); apart, so that serving it needs no torch.

As in RouteLLM's `train_matrix_factorization.py`: binary cross-entropy of winner against loser, Adam with an
L2 penalty, noise on the embeddings. Left out: its noise in validation, and its weight matrix over all
prompts in the network, whose keys its own server cannot load.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from shared_router.choices import check_rules
from shared_router.errors import InvalidInputError, MissingExtraError
from shared_router.preferences.encoded import EncodedBattles
from shared_router.progress import with_progress

if TYPE_CHECKING:
    import torch
    from torch import Tensor

_EVALUATION_BATCH = 4096


@dataclass(frozen=True, slots=True)
class FactorTraining:
    """How matrix factorization is trained; the defaults are RouteLLM's.

    Attributes:
        epochs: Passes over the training battles, >= 1.
        batch_size: Battles per step, >= 1.
        learning_rate: Adam's, > 0.
        weight_decay: Adam's L2 penalty, >= 0.
        noise: Standard deviation of the Gaussian noise on each embedding entry in training, >= 0.
        validation_fraction: The share of distinct queries that chooses the epoch, in [0, 1); 0 keeps the
            last one.
        seed: Decides the first weights, the order, the noise and the validation queries.

    Raises:
        InvalidInputError: If a value is out of its range.
    """

    epochs: int = 100
    batch_size: int = 64
    learning_rate: float = 3e-4
    weight_decay: float = 1e-5
    noise: float = 0.1
    validation_fraction: float = 0.05
    seed: int = 0

    def __post_init__(self) -> None:
        """Check every range."""
        rules = {
            "epochs": (">= 1", self.epochs >= 1),
            "batch_size": (">= 1", self.batch_size >= 1),
            "learning_rate": ("> 0", self.learning_rate > 0),
            "weight_decay": (">= 0", self.weight_decay >= 0),
            "noise": (">= 0", self.noise >= 0),
            "validation_fraction": ("in [0, 1)", 0 <= self.validation_fraction < 1),
        }
        check_rules(self, rules)


@dataclass(frozen=True, slots=True)
class FactorShape:
    """Which factors there are.

    Attributes:
        dim: Length of the model vectors, >= 1.
        normalize: Whether model vectors are scaled to length 1.
        bias: Whether the projection has a bias.
    """

    dim: int
    normalize: bool
    bias: bool


def train_factors(
    battles: EncodedBattles,
    embeddings: NDArray[np.float32],
    held_out: NDArray[np.bool_],
    *,
    shape: FactorShape,
    training: FactorTraining,
    device: str | None = None,
    progress: bool = True,
) -> tuple[dict[str, NDArray[np.float32]], list[float]]:
    """Train, and return the weights of the epoch with the least validation loss.

    Args:
        battles: The battles, n of them.
        embeddings: Each battle's query, shape (n, width).
        held_out: The battles that choose the epoch, shape (n,); none keeps the last epoch.
        shape: Which factors there are.
        training: How to train.
        device: Where torch trains; None is torch's default.
        progress: Whether to show a bar over the epochs, where that takes long and there is a terminal.

    Returns:
        `model_vectors` (K, dim), `projection` (dim, width), `classifier` (dim,) and, with a bias, `bias`
        (dim,); and the mean validation loss after each epoch, in nats a battle.

    Raises:
        InvalidInputError: If the weights do not stay finite.
        MissingExtraError: If torch is not installed.
    """
    try:
        import torch
    except ImportError as error:
        raise MissingExtraError.of("torch", "torch") from error

    generator = torch.Generator().manual_seed(training.seed)  # on the CPU: one run per seed on any device
    factors = {
        name: factor.to(device).requires_grad_()
        for name, factor in _first_factors(shape, len(battles.models), embeddings.shape[1], generator).items()
    }
    optimizer = torch.optim.Adam(
        factors.values(), lr=training.learning_rate, weight_decay=training.weight_decay
    )
    columns = _columns(battles, embeddings)
    learning, validation = (torch.from_numpy(rows).nonzero()[:, 0] for rows in (~held_out, held_out))
    best, losses = _arrays(factors), []
    for _ in with_progress(range(training.epochs), shown=progress, desc="matrix factorization"):
        order = learning[torch.randperm(len(learning), generator=generator)]
        for rows in torch.split(order, training.batch_size):
            batch = [column[rows] for column in columns]
            batch[2] = batch[2] + training.noise * torch.randn(batch[2].shape, generator=generator)
            optimizer.zero_grad()
            _loss(shape, factors, batch).backward()  # type: ignore[no-untyped-call]
            optimizer.step()
        # a loss that is NaN is never the least, and the untrained weights would be kept
        if not all(bool(torch.isfinite(factor).all()) for factor in factors.values()):
            raise InvalidInputError(
                f"weights must stay finite, and with learning_rate={training.learning_rate!r} they do not; "
                "take a lower one"
            )
        if len(validation):
            losses.append(_mean_loss(shape, factors, columns, validation))
        if not losses or losses[-1] == min(losses):
            best = _arrays(factors)
    return best, losses


def _first_factors(shape: FactorShape, k: int, width: int, generator: torch.Generator) -> dict[str, Tensor]:
    import torch

    def uniform(*sizes: int) -> Tensor:
        # torch's own first weights of a linear layer: uniform up to 1 / sqrt(inputs)
        bound = sizes[-1] ** -0.5
        return torch.empty(sizes).uniform_(-bound, bound, generator=generator)

    factors = {
        "model_vectors": torch.randn(k, shape.dim, generator=generator),
        "projection": uniform(shape.dim, width),
        "classifier": uniform(shape.dim),
    }
    if shape.bias:
        factors["bias"] = torch.zeros(shape.dim)
    return factors


def _columns(battles: EncodedBattles, embeddings: NDArray[np.float32]) -> list[Tensor]:
    """Return first, second, embedding, share and weight of each battle; the mean weight is 1."""
    import torch

    weights = battles.weights / battles.weights.mean()
    arrays = (battles.first, battles.second, embeddings, battles.share, weights)
    columns = [torch.from_numpy(array) for array in arrays]
    return [column.float() if column.is_floating_point() else column for column in columns]


def _loss(shape: FactorShape, factors: dict[str, Tensor], batch: list[Tensor]) -> Tensor:
    """Return the mean cross-entropy of the first models' wins."""
    from torch.nn import functional

    first, second, embeddings, share, weights = (column.to(factors["classifier"].device) for column in batch)
    vectors = factors["model_vectors"]
    if shape.normalize:
        vectors = functional.normalize(vectors)
    projected = functional.linear(embeddings, factors["projection"], factors.get("bias"))
    lead = ((vectors[first] - vectors[second]) * projected) @ factors["classifier"]
    return functional.binary_cross_entropy_with_logits(lead, share, weights)


def _mean_loss(shape: FactorShape, factors: dict[str, Tensor], columns: list[Tensor], rows: Tensor) -> float:
    import torch

    total = 0.0
    with torch.inference_mode():
        for part in torch.split(rows, _EVALUATION_BATCH):
            batch = [column[part] for column in columns]
            total += float(_loss(shape, factors, batch)) * len(part)
    return total / len(rows)


def _arrays(factors: dict[str, Tensor]) -> dict[str, NDArray[np.float32]]:
    return {name: factor.detach().cpu().numpy().copy() for name, factor in factors.items()}
