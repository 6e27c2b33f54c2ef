"""A program that saves one checkpoint after the other, for tests that end it while it does.

`python -m tests.checkpoints.saving FOLDER SEED...` saves `checkpoint(seed)` for each seed in turn, for ever.
"""

import sys
from itertools import cycle

import numpy as np

from shared_router import Artifact, save_artifact

SIZE = 50_000


def checkpoint(seed: int) -> Artifact:
    """Return the checkpoint of a seed; half of one and half of another have wrong hashes."""
    weights = np.random.default_rng(seed).standard_normal(SIZE).astype(np.float32)
    tokenizer = f'{{"seed": {seed}}}'.encode() * 100
    return Artifact("router/test", {"seed": seed}, {"weights": weights}, {"tokenizer.json": tokenizer})


def main() -> None:
    """Save until somebody ends this process."""
    folder, *seeds = sys.argv[1:]
    checkpoints = [checkpoint(int(seed)) for seed in seeds]
    for artifact in cycle(checkpoints):
        save_artifact(folder, artifact, overwrite=True)


if __name__ == "__main__":
    main()
