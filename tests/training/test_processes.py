"""Two processes that train together learn what one learns alone."""

import json
import os
import subprocess
import sys
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


def trained(folder: Path) -> dict[str, list[float]]:
    """Weights and losses after a training without dropout, whose last batch of an epoch is of one row."""
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.EmbeddingBag(8, 4), torch.nn.Linear(4, 1))

    def losses(ids: list[list[int]], targets: torch.Tensor) -> torch.Tensor:
        first = torch.tensor([row[:1] for row in ids])
        return torch.nn.functional.binary_cross_entropy_with_logits(
            model(first), targets, reduction="none"
        ).mean(dim=1)

    ids = [[i % 4] for i in range(44)]
    targets = np.array([[float(row[0] % 2)] for row in ids], dtype=np.float32)
    weights = np.linspace(0.5, 1.5, 44, dtype=np.float32)
    rows = Rows([f"query {i}" for i in range(44)], ids, targets, weights)
    history = fine_tune(model, losses, rows, RECIPE, folder=folder, progress=False)
    learned = torch.cat([parameter.detach().reshape(-1) for parameter in model.parameters()]).tolist()
    return {"weights": learned, "losses": [loss for _, loss in history.validation_losses]}


def test_two_processes_learn_what_one_does(tmp_path: Path) -> None:
    program = (
        "import json, sys; from pathlib import Path; from tests.training.test_processes import trained\n"
        "from shared_router.training.processes import Processes; import torch\n"
        "found = trained(Path(sys.argv[1]))\n"
        "ours = Processes(torch.device('cpu'))\n"
        "(Path(sys.argv[1]) / f'{ours.index}-of-{ours.count}.json').write_text(json.dumps(found))\n"
        "torch.distributed.destroy_process_group()\n"
    )
    (tmp_path / "program.py").write_text(program)
    together = tmp_path / "together"
    together.mkdir()
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    command += [str(tmp_path / "program.py"), str(together)]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env=_environment(), cwd=tmp_path, timeout=240
    )
    assert done.returncode == 0, done.stderr[-2000:]
    alone = trained(tmp_path / "alone")
    for index in range(2):
        found = json.loads((together / f"{index}-of-2.json").read_text())
        assert found["weights"] == pytest.approx(alone["weights"], abs=1e-5)
        assert found["losses"] == pytest.approx(alone["losses"], abs=1e-5)
    assert alone["losses"][-1] < alone["losses"][0]


def test_one_process_has_all_of_every_batch() -> None:
    alone = Processes(torch.device("cpu"))
    assert (alone.index, alone.count, alone.is_first) == (0, 1, True)
    assert alone.share(np.arange(5)).tolist() == [0, 1, 2, 3, 4]
    assert alone.sum(torch.tensor(1.5)) == 1.5


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
