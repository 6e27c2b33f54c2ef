"""The one loop that fine-tunes a transformer, for the BERT and the causal LM router (paper, section 4.2).

AdamW, linear warm-up and decay, an early stop on held-out queries, batches of near lengths. What a step
does is a function of the seed and the step's number alone, so a run that was interrupted goes on to the
very numbers of an unbroken one. Under `accelerate launch` several processes share each batch, and draw
dropout apart. Left out: gradient accumulation.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from shared_router.errors import InvalidInputError
from shared_router.progress import with_progress
from shared_router.training.processes import Processes
from shared_router.training.recipe import FineTuning
from shared_router.training.rows import Rows
from shared_router.training.seeding import seeded
from shared_router.training.state import TrainingState, load_state, save_state
from shared_router.training.tokens import batches_by_length

if TYPE_CHECKING:
    import torch

MAX_GRADIENT_NORM = 1.0
_POOL = 50  # batches sorted by length together: many save padding, few keep the order random

RowLosses = Callable[[list[list[int]], "torch.Tensor"], "torch.Tensor"]
"""Token ids of b rows and their targets, shape (b, k), to their losses, shape (b,)."""


@dataclass(frozen=True, slots=True)
class TrainingHistory:
    """What a training did.

    Attributes:
        steps: Steps taken.
        best_step: The number of steps after which the weights that were kept stood.
        validation_losses: (steps taken, mean loss of the held-out rows), in order.
    """

    steps: int
    best_step: int
    validation_losses: tuple[tuple[int, float], ...]


def fine_tune(
    model: torch.nn.Module,
    row_losses: RowLosses,
    rows: Rows,
    recipe: FineTuning,
    *,
    head: Iterable[torch.nn.Parameter] = (),
    settings: object = None,
    folder: str | Path | None = None,
    progress: bool = True,
) -> TrainingHistory:
    """Train the parameters that require a gradient, and leave the best of them in the model.

    The loss of a batch is the weighted mean of its rows' losses.

    Args:
        model: The model, in the dtype and on the devices where it is to be trained.
        row_losses: The losses of some rows under the model.
        rows: What is learned from.
        recipe: How to train.
        head: The parameters that are new, for `recipe.head_rate`.
        settings: What else the losses depend on, such as the pooling; its repr must tell it from another's.
        folder: Where to write the state at each validation, and to resume from where it holds one.
        progress: Whether to show a bar, where that takes long and there is a terminal.

    Returns:
        What was done. The model is left in evaluation mode.

    Raises:
        InvalidInputError: If no row is left to train on or to validate with, if the loss is not finite, or
            if `folder` holds the state of a training with other data or settings.
        ArtifactError: If the state in `folder` is damaged.
    """
    held_out = np.array([recipe.holds_out(query) for query in rows.queries], dtype=bool)
    if held_out.all() or (recipe.validation_fraction > 0 and not held_out.any()):
        raise InvalidInputError(
            f"validation_fraction must leave queries on both sides, got {recipe.validation_fraction} "
            f"of {len(held_out)} rows; give more rows or, to validate with none, 0"
        )
    run = _Run(model, row_losses, rows, held_out, recipe, head)
    identity = hashlib.sha256(
        repr((recipe, rows.sha256(), run.state.sha256(), settings)).encode()
    ).hexdigest()
    if folder is not None:
        run.resume(load_state(folder, identity))
    for state in run.steps(progress):
        if folder is not None and run.processes.is_first:
            save_state(folder, identity, state)
        run.processes.wait()  # so that none goes on from a state that is half written
    return run.finish()


class _Run:
    def __init__(
        self,
        model: torch.nn.Module,
        row_losses: RowLosses,
        rows: Rows,
        held_out: NDArray[np.bool_],
        recipe: FineTuning,
        head: Iterable[torch.nn.Parameter],
    ) -> None:
        self.model = model
        self.row_losses = row_losses
        self.rows = rows
        self.recipe = recipe
        self.lengths = np.array([len(ids) for ids in rows.ids], dtype=np.int64)
        self.training = np.flatnonzero(~held_out)
        validation = np.flatnonzero(held_out)
        batches = batches_by_length(self.lengths[validation], recipe.batch_size)
        self.validation = [validation[batch] for batch in batches]
        self.parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
        self.processes = Processes(self.parameters[0].device)
        self.optimizer = self._adamw({id(parameter) for parameter in head})
        self.state = TrainingState.begin(self.parameters)
        self._epoch: tuple[int, list[NDArray[np.int64]]] = (-1, [])

    def _adamw(self, head: set[int]) -> torch.optim.AdamW:
        import torch

        # one-dimensional parameters are biases and norms
        groups: list[dict[str, Any]] = [
            {
                "params": [p for p in self.parameters if (p.ndim > 1, id(p) in head) == (decayed, in_head)],
                "weight_decay": self.recipe.weight_decay if decayed else 0.0,
                "scale": self.recipe.head_rate if in_head else 1.0,
            }
            for decayed in (True, False)
            for in_head in (True, False)
        ]
        return torch.optim.AdamW(groups, lr=self.recipe.learning_rate)

    def resume(self, state: TrainingState | None) -> None:
        if state is not None:
            self.state = state
            state.restore(self.parameters, self.optimizer)

    def steps(self, progress: bool) -> Iterator[TrainingState]:
        recipe = self.recipe
        first, last = self.state.step, recipe.max_steps
        steps = range(first, last)
        shown = progress and self.processes.is_first
        with with_progress(steps, shown=shown, desc="fine-tuning", total=last, done=first) as bar:
            for step in bar:
                if self.state.stale >= recipe.patience:
                    return
                bar.set_postfix(loss=f"{self._step(step):.4f}")
                if (step + 1) % recipe.evaluate_every == 0 or step + 1 == last:
                    self.state = self.state.after(step + 1, self._validate(), self.parameters, self.optimizer)
                    yield self.state

    def finish(self) -> TrainingHistory:
        self.state.restore_best(self.parameters)
        self.model.eval()
        return TrainingHistory(self.state.step, self.state.best_step, self.state.losses)

    def _step(self, step: int) -> float:
        import torch

        self.model.train()
        batch, ours = self._batch(step), self.processes
        draws = (self.recipe.seed, step, ours.index) if ours.count > 1 else (self.recipe.seed, step)
        with seeded(self.model, *draws):
            total, _ = self._loss(ours.share(batch))
        loss = total / float(self.rows.weights[batch].sum())
        value = ours.sum(loss)
        if not math.isfinite(value):
            raise InvalidInputError(f"the loss must stay finite, got {value} at step {step}; lower the rate")
        for group in self.optimizer.param_groups:
            group["lr"] = self.recipe.rate(step) * group["scale"]
        if loss.requires_grad:  # not of a share without rows
            loss.backward()  # type: ignore[no-untyped-call]
        ours.sum_gradients(self.parameters)
        torch.nn.utils.clip_grad_norm_(self.parameters, MAX_GRADIENT_NORM)
        self.optimizer.step()
        self.optimizer.zero_grad()
        return value

    def _loss(self, batch: NDArray[np.int64]) -> tuple[torch.Tensor, float]:
        """Return the weighted sum of some rows' losses and the sum of their weights."""
        import torch

        if not len(batch):
            return self.parameters[0].new_zeros(()), 0.0
        ids = [self.rows.ids[row] for row in batch]
        targets = torch.from_numpy(self.rows.targets[batch])
        with torch.autocast(self.parameters[0].device.type, torch.bfloat16, enabled=self.recipe.bfloat16):
            losses = self.row_losses(ids, targets)
        weights = torch.from_numpy(self.rows.weights[batch])
        return (losses * weights.to(losses)).sum(), float(weights.sum())

    def _batch(self, step: int) -> NDArray[np.int64]:
        """Return the rows of a step: every epoch is shuffled anew, then sorted by length in pools."""
        per_epoch = math.ceil(len(self.training) / self.recipe.batch_size)
        epoch, position = divmod(step, per_epoch)
        if self._epoch[0] != epoch:
            self._epoch = (epoch, self._epoch_batches(epoch))
        return self._epoch[1][position]

    def _epoch_batches(self, epoch: int) -> list[NDArray[np.int64]]:
        size = self.recipe.batch_size
        rng = np.random.default_rng((self.recipe.seed, epoch))
        shuffled = rng.permutation(self.training)
        pools = [shuffled[start : start + _POOL * size] for start in range(0, len(shuffled), _POOL * size)]
        batches = [pool[batch] for pool in pools for batch in batches_by_length(self.lengths[pool], size)]
        return [batches[i] for i in rng.permutation(len(batches))]

    def _validate(self) -> float | None:
        import torch

        if not self.validation:
            return None
        self.model.eval()
        with torch.no_grad():
            parts = [self._loss(self.processes.share(batch))[0] for batch in self.validation]
        weight = sum(float(self.rows.weights[batch].sum()) for batch in self.validation)
        return sum(self.processes.sum(total) for total in parts) / weight
