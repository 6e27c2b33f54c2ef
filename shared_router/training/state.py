"""Where a training stands: enough to go on after an interruption as if there had been none.

The state is written with the same checks as a checkpoint, each time into a folder of its own, and the one
before it is removed only afterwards: a run that is killed while it writes loses one interval, not all.
"""

from __future__ import annotations

import hashlib
import math
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from shared_router.checkpoints.artifact import Artifact, load_artifact, save_artifact
from shared_router.errors import InvalidInputError

if TYPE_CHECKING:
    import torch

_KIND = "training"
_STEP = "step-"
_MAX_BYTES = 1 << 40


@dataclass(frozen=True, slots=True)
class TrainingState:
    """A training after some steps. All parameters stand in one vector each, in the model's order.

    Attributes:
        step: Steps taken.
        best_step: The step of the best validation so far; without validation, `step`.
        losses: (steps taken, validation loss) of each validation.
        parameters: The parameters now, shape (n_parameters,).
        best: The parameters at `best_step`, shape (n_parameters,).
        first_moments: AdamW's running mean of the gradient, shape (n_parameters,).
        second_moments: AdamW's running mean of its square, shape (n_parameters,).
    """

    step: int
    best_step: int
    losses: tuple[tuple[int, float], ...]
    parameters: NDArray[np.float32] = field(repr=False)
    best: NDArray[np.float32] = field(repr=False)
    first_moments: NDArray[np.float32] = field(repr=False)
    second_moments: NDArray[np.float32] = field(repr=False)

    @classmethod
    def begin(cls, parameters: Sequence[torch.nn.Parameter]) -> TrainingState:
        """Return the state before the first step."""
        now = _flat(parameters)
        nothing = np.zeros_like(now)
        return cls(0, 0, (), now, now, nothing, nothing)

    def sha256(self) -> str:
        """Return what pins the parameters, in hex."""
        return hashlib.sha256(self.parameters.tobytes()).hexdigest()

    @property
    def stale(self) -> int:
        """Count the validations since the best one."""
        return sum(step > self.best_step for step, _ in self.losses)

    def after(
        self,
        step: int,
        loss: float | None,
        parameters: Sequence[torch.nn.Parameter],
        optimizer: torch.optim.Optimizer,
    ) -> TrainingState:
        """Return the state after a further step; `loss` is None where nothing is held out."""
        now = _flat(parameters)
        lowest = min((value for _, value in self.losses), default=math.inf)
        better = loss is None or loss < lowest
        return TrainingState(
            step,
            step if better else self.best_step,
            self.losses if loss is None else (*self.losses, (step, loss)),
            now,
            now if better else self.best,
            _flat(_moments(optimizer, parameters, "exp_avg")),
            _flat(_moments(optimizer, parameters, "exp_avg_sq")),
        )

    def restore(self, parameters: Sequence[torch.nn.Parameter], optimizer: torch.optim.Optimizer) -> None:
        """Put the parameters and AdamW where they stood."""
        import torch

        _unflatten(self.parameters, parameters)
        for moments, key in ((self.first_moments, "exp_avg"), (self.second_moments, "exp_avg_sq")):
            blank = [torch.zeros_like(parameter) for parameter in parameters]
            _unflatten(moments, blank)
            for parameter, moment in zip(parameters, blank, strict=True):
                optimizer.state[parameter][key] = moment
        for parameter in parameters:
            optimizer.state[parameter]["step"] = torch.tensor(float(self.step))

    def restore_best(self, parameters: Sequence[torch.nn.Parameter]) -> None:
        """Put the best parameters into the model."""
        _unflatten(self.best, parameters)


def save_state(folder: str | Path, identity: str, state: TrainingState) -> None:
    """Write a state, then remove the ones before it."""
    settings = {
        "identity": identity,
        "step": state.step,
        "best_step": state.best_step,
        "losses": [list(pair) for pair in state.losses],
    }
    target = Path(folder) / f"{_STEP}{state.step:09d}"
    tensors = {name: getattr(state, name) for name in _VECTORS}
    if target not in _written(folder):
        shutil.rmtree(target, ignore_errors=True)  # half a state, of a release that did not write it at once
    save_artifact(target, Artifact(_KIND, settings, tensors), overwrite=True)
    for older in _written(folder):
        if older != target:
            shutil.rmtree(older)


def load_state(folder: str | Path, identity: str) -> TrainingState | None:
    """Read the newest state that was written whole, or None where there is none.

    Raises:
        InvalidInputError: If the state is that of a training with other data or settings.
        ArtifactError: If the state is damaged.
    """
    written = _written(folder)
    if not written:
        return None
    artifact = load_artifact(written[-1], max_bytes=_MAX_BYTES)
    settings: Any = artifact.settings
    if artifact.kind != _KIND or settings["identity"] != identity:
        raise InvalidInputError(
            "a training resumes only with the data and settings it began with, and the folder "
            f"{str(folder)!r} holds another's state; give another folder"
        )
    losses = tuple((step, loss) for step, loss in settings["losses"])
    return TrainingState(settings["step"], settings["best_step"], losses, **artifact.tensors)


_VECTORS = ("parameters", "best", "first_moments", "second_moments")


def _written(folder: str | Path) -> list[Path]:
    return sorted(path.parent for path in Path(folder).glob(f"{_STEP}*/config.json"))


def _moments(
    optimizer: torch.optim.Optimizer, parameters: Sequence[torch.nn.Parameter], key: str
) -> list[torch.Tensor]:
    import torch

    # a parameter that the loss does not reach has no state
    return [optimizer.state[p].get(key, torch.zeros_like(p)) for p in parameters]


def _flat(tensors: Sequence[torch.Tensor]) -> NDArray[np.float32]:
    parts = [tensor.detach().float().cpu().numpy().reshape(-1) for tensor in tensors]
    return np.concatenate(parts).astype(np.float32, copy=False)


def _unflatten(vector: NDArray[np.float32], tensors: Sequence[torch.Tensor]) -> None:
    import torch

    start = 0
    with torch.no_grad():
        for tensor in tensors:
            part = vector[start : start + tensor.numel()].reshape(tensor.shape)
            tensor.copy_(torch.from_numpy(part))
            start += tensor.numel()
