"""How many damaged checkpoints are refused, and how long a refusal takes.

Every seeded mutation of the three files and every checkpoint written by hand, as in the tests.
"""

import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from shared_router import ArtifactError, load_artifact, save_artifact
from tests.benchmarks.measure import print_table, report
from tests.checkpoints.test_artifact import CONFIG, TOKENIZER, WEIGHTS, artifact
from tests.checkpoints.test_corruption import MUTATORS, ROUNDS
from tests.checkpoints.test_handcrafted import HANDCRAFTED


def _refusal_ms(folder: Path, pin: str | None) -> float | None:
    """Return how long the refusal took, or None where the checkpoint was let in."""
    start = time.perf_counter()
    try:
        load_artifact(folder, expected_sha256=pin)
    except ArtifactError:
        return 1e3 * (time.perf_counter() - start)
    return None


def measure_mutated() -> list[float | None]:
    """Refuse `ROUNDS` mutations by each mutator; the config is pinned, as it has no hash beside it."""
    taken = []
    rng = np.random.default_rng(8)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pin = save_artifact(folder, artifact())
        files = [
            (folder / file, (folder / file).read_bytes()) for file in (CONFIG, WEIGHTS, WEIGHTS, TOKENIZER)
        ]
        for mutate in MUTATORS:
            done = 0
            while done < ROUNDS:
                path, original = files[done % 4]
                mutated = bytes(mutate(bytearray(original), rng))
                if mutated == original:
                    continue
                path.write_bytes(mutated)
                taken.append(_refusal_ms(folder, pin if path.name == CONFIG else None))
                path.write_bytes(original)
                done += 1
    return taken


def measure_handcrafted() -> list[float | None]:
    """Refuse each checkpoint that was written by hand."""
    taken = []
    for damage in HANDCRAFTED.values():
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name) / "saved"
            save_artifact(folder, artifact())
            damage(folder)
            taken.append(_refusal_ms(folder, None))
    return taken


def main() -> None:
    """Print how many were refused, and the median and the longest refusal in milliseconds."""
    rows: list[dict[str, Any]] = []
    figures: dict[str, float] = {}
    for name, taken in (("mutated", measure_mutated()), ("handcrafted", measure_handcrafted())):
        refused = [ms for ms in taken if ms is not None]
        p50, p99 = (float(np.percentile(refused, share)) for share in (50, 99))
        rows.append(
            {
                "checkpoints": name,
                "made": len(taken),
                "refused": len(refused),
                "p50 ms": p50,
                "p99 ms": p99,
                "max ms": max(refused),
            }
        )
        figures[f"{name}_made"] = len(taken)
        figures[f"{name}_refused"] = len(refused)
        figures[f"{name}_max_ms"] = max(refused)
    print_table(rows)
    report("checkpoint_damage", figures)


if __name__ == "__main__":
    main()
