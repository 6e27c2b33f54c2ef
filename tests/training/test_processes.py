"""Two processes that train together learn what one learns alone."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from shared_router.training.finetuning import fine_tune
from shared_router.training.processes import Processes
from shared_router.training.recipe import FineTuning
from shared_router.training.rows import Rows

ROOT = Path(__file__).parents[2]
RECIPE = FineTuning(
    learning_rate=0.05, batch_size=5, max_steps=14, validation_fraction=0.3, evaluate_every=7, patience=100
)


class Sides(torch.nn.Module):
    """Two tables of two types, and a layer that nothing goes through."""

    def __init__(self) -> None:
        super().__init__()
        self.narrow = torch.nn.EmbeddingBag(8, 4)
        self.wide = torch.nn.EmbeddingBag(8, 4, dtype=torch.float64)
        self.head = torch.nn.Linear(4, 1)
        self.unused = torch.nn.Linear(4, 4)

    def forward(self, first: torch.Tensor) -> torch.Tensor:
        return self.head(self.narrow(first) + self.wide(first).float())  # type: ignore[no-any-return]


def trained(
    folder: Path, recipe: FineTuning = RECIPE, *, n_rows: int = 44, fails_at: int = -1
) -> dict[str, list[float]]:
    """Weights and losses after a training without dropout, whose last batch of an epoch is of one row."""
    torch.manual_seed(0)
    model = Sides()
    asked = 0

    def losses(ids: list[list[int]], targets: torch.Tensor) -> torch.Tensor:
        nonlocal asked
        asked += 1
        if asked == fails_at:
            raise RuntimeError("this one has no memory left")
        first = torch.tensor([row[:1] for row in ids])
        return torch.nn.functional.binary_cross_entropy_with_logits(
            model(first), targets, reduction="none"
        ).mean(dim=1)

    ids = [[i % 4] for i in range(n_rows)]
    targets = np.array([[float(row[0] % 2)] for row in ids], dtype=np.float32)
    weights = np.linspace(0.5, 1.5, n_rows, dtype=np.float32)
    rows = Rows([f"query {i}" for i in range(n_rows)], ids, targets, weights)
    history = fine_tune(model, losses, rows, recipe, folder=folder, progress=False)
    learned = torch.cat([each.detach().float().reshape(-1) for each in model.parameters()]).tolist()
    taken = [float(step) for step, _ in history.validation_losses]
    best = [float(history.best_step), float(history.steps)]
    return {
        "weights": learned,
        "losses": [loss for _, loss in history.validation_losses],
        "steps": taken + best,
    }


def trainings(folder: Path) -> dict[str, dict[str, list[float]]]:
    """What is learned with odd batches, with batches of one row, and with a rate that stops it early."""
    return {
        "odd": trained(folder / "odd"),
        "ones": trained(folder / "ones", replace(RECIPE, batch_size=1, max_steps=5, evaluate_every=5)),
        "early": trained(
            folder / "early", replace(RECIPE, learning_rate=5.0, evaluate_every=1, patience=2, max_steps=40)
        ),
    }


def launched(folder: Path, program: str) -> subprocess.CompletedProcess[str]:
    """Run a program in two processes."""
    (folder / "program.py").write_text(program)
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    command += [str(folder / "program.py"), str(folder)]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, env=_environment(), cwd=folder, timeout=240
    )


def test_two_processes_learn_what_one_does(tmp_path: Path) -> None:
    program = (
        "import json, sys; from pathlib import Path; from tests.training.test_processes import trainings\n"
        "from shared_router.training.processes import Processes; import torch\n"
        "found = trainings(Path(sys.argv[1]))\n"
        "ours = Processes(torch.device('cpu'))\n"
        "(Path(sys.argv[1]) / f'{ours.index}-of-{ours.count}.json').write_text(json.dumps(found))\n"
        "torch.distributed.destroy_process_group()\n"
    )
    together = tmp_path / "together"
    together.mkdir()
    done = launched(together, program)
    assert done.returncode == 0, done.stderr[-2000:]
    alone = trainings(tmp_path / "alone")
    for index in range(2):
        found = json.loads((together / f"{index}-of-2.json").read_text())
        for name, expected in alone.items():
            assert found[name]["steps"] == expected["steps"], name
            assert found[name]["weights"] == pytest.approx(expected["weights"], abs=1e-5), name
            assert found[name]["losses"] == pytest.approx(expected["losses"], abs=1e-5), name
    assert alone["odd"]["losses"][-1] < alone["odd"]["losses"][0]
    assert alone["early"]["steps"][-1] < 40, "the training must have stopped early"
    states = sorted(path.name for path in (together / "early").iterdir())
    assert len(states) == 1, "one process writes the state, and one state is left"


def test_a_process_that_fails_ends_the_others(tmp_path: Path) -> None:
    """They wait for its gradients, and no longer than it takes to see that it has ended."""
    program = (
        "import os, sys; from pathlib import Path; from tests.training.test_processes import trained\n"
        "trained(Path(sys.argv[1]), fails_at=3 if os.environ['RANK'] == '1' else -1)\n"
    )
    done = launched(tmp_path, program)
    assert done.returncode != 0
    assert "this one has no memory left" in done.stderr


def test_one_process_has_all_of_every_batch() -> None:
    alone = Processes(torch.device("cpu"))
    assert (alone.index, alone.count, alone.is_first) == (0, 1, True)
    assert alone.share(np.arange(5)).tolist() == [0, 1, 2, 3, 4]
    assert alone.sum(torch.tensor(1.5)) == 1.5


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
