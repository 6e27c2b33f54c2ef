"""How `MatrixFactorizationRouter` is trained; apart, so that serving it needs no torch.

As in RouteLLM's `train_matrix_factorization.py`: binary cross-entropy of winner against loser, Adam with an
L2 penalty, noise on the embeddings. Left out: its noise in validation, and its weight matrix over all
prompts in the network, whose keys its own server cannot load.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from shared_router.encoded_battles import EncodedBattles
from shared_router.errors import InvalidInputError, MissingExtraError

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from shared_router.routers.matrix_factorization import MatrixFactorizationRouter

_EVALUATION_BATCH = 4096


def train_factors(
    router: MatrixFactorizationRouter,
    battles: EncodedBattles,
    embeddings: NDArray[np.float32],
    held_out: NDArray[np.bool_],
) -> tuple[dict[str, NDArray[np.float32]], list[float]]:
    """Train with a router's settings, and return the weights of the epoch with the least validation loss.

    Args:
        router: Whose settings to take.
        battles: The battles, n of them.
        embeddings: Each battle's query, shape (n, width).
        held_out: The battles that choose the epoch, shape (n,); none keeps the last epoch.

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
    from tqdm.auto import tqdm

    generator = torch.Generator().manual_seed(router.seed)  # on the CPU: one run per seed on any device
    factors = _first_factors(router, len(battles.models), embeddings.shape[1], generator)
    optimizer = torch.optim.Adam(factors.values(), lr=router.learning_rate, weight_decay=router.weight_decay)
    columns = _columns(battles, embeddings)
    training, validation = (torch.from_numpy(rows).nonzero()[:, 0] for rows in (~held_out, held_out))
    best, losses = _arrays(factors), []
    for _ in tqdm(range(router.epochs), disable=not router.progress, desc=router.name):
        order = training[torch.randperm(len(training), generator=generator)]
        for rows in torch.split(order, router.batch_size):
            batch = [column[rows] for column in columns]
            batch[2] = batch[2] + router.noise * torch.randn(batch[2].shape, generator=generator)
            optimizer.zero_grad()
            _loss(router, factors, batch).backward()  # type: ignore[no-untyped-call]
            optimizer.step()
        # a loss that is NaN is never the least, and the untrained weights would be kept
        if not all(bool(torch.isfinite(factor).all()) for factor in factors.values()):
            raise InvalidInputError(
                f"weights must stay finite, and with learning_rate={router.learning_rate!r} they do not; "
                "take a lower one"
            )
        if len(validation):
            losses.append(_mean_loss(router, factors, columns, validation))
        if not losses or losses[-1] == min(losses):
            best = _arrays(factors)
    return best, losses


def _first_factors(
    router: MatrixFactorizationRouter, k: int, width: int, generator: torch.Generator
) -> dict[str, Tensor]:
    import torch

    def uniform(*shape: int) -> Tensor:
        # torch's own first weights of a linear layer: uniform up to 1 / sqrt(inputs)
        bound = shape[-1] ** -0.5
        return torch.empty(shape).uniform_(-bound, bound, generator=generator)

    factors = {
        "model_vectors": torch.randn(k, router.dim, generator=generator),
        "projection": uniform(router.dim, width),
        "classifier": uniform(router.dim),
    }
    if router.bias:
        factors["bias"] = torch.zeros(router.dim)
    return {name: factor.to(router.device).requires_grad_() for name, factor in factors.items()}


def _columns(battles: EncodedBattles, embeddings: NDArray[np.float32]) -> list[Tensor]:
    """Return first, second, embedding, share and weight of each battle; the mean weight is 1."""
    import torch

    weights = battles.weights / battles.weights.mean()
    arrays = (battles.first, battles.second, embeddings, battles.share, weights)
    columns = [torch.from_numpy(array) for array in arrays]
    return [column.float() if column.is_floating_point() else column for column in columns]


def _loss(router: MatrixFactorizationRouter, factors: dict[str, Tensor], batch: list[Tensor]) -> Tensor:
    """Return the mean cross-entropy of the first models' wins."""
    from torch.nn import functional

    first, second, embeddings, share, weights = (column.to(router.device) for column in batch)
    vectors = factors["model_vectors"]
    if router.normalize:
        vectors = functional.normalize(vectors)
    projected = functional.linear(embeddings, factors["projection"], factors.get("bias"))
    lead = ((vectors[first] - vectors[second]) * projected) @ factors["classifier"]
    return functional.binary_cross_entropy_with_logits(lead, share, weights)


def _mean_loss(
    router: MatrixFactorizationRouter, factors: dict[str, Tensor], columns: list[Tensor], rows: Tensor
) -> float:
    import torch

    total = 0.0
    with torch.inference_mode():
        for part in torch.split(rows, _EVALUATION_BATCH):
            batch = [column[part] for column in columns]
            total += float(_loss(router, factors, batch)) * len(part)
    return total / len(rows)


def _arrays(factors: dict[str, Tensor]) -> dict[str, NDArray[np.float32]]:
    return {name: factor.detach().cpu().numpy().copy() for name, factor in factors.items()}
