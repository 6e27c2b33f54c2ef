"""How many damaged checkpoints are refused, how long a refusal takes, and how much memory.

Every seeded mutation of the three files and every checkpoint written by hand, as in the tests; then
mutations of two fine-tuned routers with every hash made right, as an attacker would, which either raise one
of this project's errors or load a router that answers as the saved one; then checkpoints that ask for more
than there is, each refused in a process of its own.

    python -m tests.benchmarks.checkpoint_damage                    all of it
    python -m tests.benchmarks.checkpoint_damage bert --count 1000  a part
"""

import argparse
import hashlib
import json
import os
import resource
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from shared_router import ArtifactError, Router, RouterError, load_artifact, load_router, save_artifact
from tests.benchmarks.measure import print_table, report
from tests.checkpoints.test_artifact import CONFIG, TOKENIZER, WEIGHTS, artifact, edit_config
from tests.checkpoints.test_corruption import MUTATORS, ROUNDS
from tests.checkpoints.test_handcrafted import HANDCRAFTED
from tests.checkpoints.test_hostile_models import NOT_OF_A_LLAMA, SIZES
from tests.checkpoints.test_tokenizer import HOSTILE
from tests.routers import test_bert, test_causal_lm
from tests.routers.tiny_models import tiny_encoder, tiny_language_model

COUNT = 5000
KINDS = ("artifact", "bert", "causal_lm", "resources")


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
        folder = Path(name) / "saved"
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


def saved_router(kind: str, folder: Path) -> Router:
    """Train and save a tiny router of a kind."""
    if kind == "bert":
        router: Router = test_bert.fit(test_bert.make(tiny_encoder(folder / "model")))
    else:
        router = test_causal_lm.make(tiny_language_model(folder / "model"), lora=None)
        router.fit(test_causal_lm.BATTLES)
    router.save(folder / "saved")
    return router


def measure_router(kind: str, count: int) -> dict[str, Any]:
    """Load `count` mutations of a router with every hash made right; another error ends the run."""
    found: dict[str, Any] = {
        "made": 0,
        "refused": 0,
        "answers as saved": 0,
        "answers otherwise": 0,
        "other": 0,
    }
    taken = []
    with tempfile.TemporaryDirectory() as name:
        expected = saved_router(kind, Path(name)).win_probability(["What is 2+2?"])
        folder = Path(name) / "saved"
        originals = {file: (folder / file).read_bytes() for file in (CONFIG, WEIGHTS, TOKENIZER)}
        for index in range(count):
            rng = np.random.default_rng([8, index])
            file = (CONFIG, WEIGHTS, TOKENIZER)[index % 3]
            mutated = bytes(MUTATORS[index // 3 % len(MUTATORS)](bytearray(originals[file]), rng))
            if mutated == originals[file]:
                continue
            _write_promised(folder, file, mutated)
            start = time.perf_counter()
            outcome = _outcome(folder, expected)
            taken.append(1e3 * (time.perf_counter() - start))
            found["made"] += 1
            found[outcome] += 1
            for each, content in originals.items():
                (folder / each).write_bytes(content)
    return found | {"p50 ms": float(np.percentile(taken, 50)), "max ms": max(taken)}


def _write_promised(folder: Path, file: str, content: bytes) -> None:
    """Write a file, and make the config promise it."""
    (folder / file).write_bytes(content)
    if file != CONFIG:
        promise = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        edit_config(folder, lambda config: config["files"].update({file: promise}))


def _outcome(folder: Path, expected: Any) -> str:
    try:
        answers = load_router(folder).win_probability(["What is 2+2?"])
    except RouterError:
        return "refused"
    return "answers as saved" if np.allclose(answers, expected, atol=0.02) else "answers otherwise"


def measure_resources() -> list[dict[str, Any]]:
    """Refuse checkpoints that ask for more than there is, each in a process of its own."""
    rows = []
    for kind, key in (("bert", "encoder_config"), ("causal_lm", "model_config")):
        sizes = {name: size for name, size in SIZES.items() if kind == "bert" or name not in NOT_OF_A_LLAMA}
        with tempfile.TemporaryDirectory() as name:
            saved_router(kind, Path(name))
            folder = Path(name) / "saved"
            load_router(folder)  # what is imported once is not what a refusal takes
            original = (folder / CONFIG).read_bytes()
            for label, size in sizes.items():
                config = json.loads(original)
                config["settings"][key][label] = size
                (folder / CONFIG).write_text(json.dumps(config))
                rows.append({"checkpoint": f"{kind}: {label}={size}", **_in_a_process(folder)})
                (folder / CONFIG).write_bytes(original)
            for label, tokenizer in HOSTILE.items():
                _write_promised(folder, TOKENIZER, tokenizer)
                rows.append({"checkpoint": f"{kind}: tokenizer with {label}", **_in_a_process(folder)})
                (folder / CONFIG).write_bytes(original)
    return rows


def _in_a_process(folder: Path) -> dict[str, Any]:
    """Load in a fork of this process: what became of it, the time, the memory over that at the start."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        before = int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
        start = time.perf_counter()
        outcome = "another error"
        try:
            load_router(folder)
            outcome = "loaded"
        except RouterError:
            outcome = "refused"
        finally:
            taken = 1e3 * (time.perf_counter() - start)
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
            row = {"outcome": outcome, "ms": taken, "MB": (peak - before) / 1e6}
            os.write(write, json.dumps(row).encode())
            os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as answer:
        found: dict[str, Any] = json.loads(answer.read())
    os.waitpid(child, 0)
    return found


def main() -> None:
    """Print how many were refused, in what time and memory."""
    parser = argparse.ArgumentParser()
    parser.add_argument("kinds", nargs="*", default=KINDS)
    parser.add_argument("--count", type=int, default=COUNT, help="mutations of each fine-tuned router")
    arguments = parser.parse_args()
    figures: dict[str, float] = {}
    if "artifact" in arguments.kinds:
        rows: list[dict[str, Any]] = []
        for name, taken in (("mutated", measure_mutated()), ("handcrafted", measure_handcrafted())):
            refused = [ms for ms in taken if ms is not None]
            p50, p99 = (float(np.percentile(refused, share)) for share in (50, 99))
            row = {"checkpoints": name, "made": len(taken), "refused": len(refused)}
            rows.append({**row, "p50 ms": p50, "p99 ms": p99, "max ms": max(refused)})
            figures |= {f"{name}_made": len(taken), f"{name}_refused": len(refused)}
            figures[f"{name}_max_ms"] = max(refused)
        print_table(rows)
    for kind in ("bert", "causal_lm"):
        if kind in arguments.kinds:
            found = measure_router(kind, arguments.count)
            print_table([{"router": kind, **found}])
            figures |= {f"{kind}_{key.replace(' ', '_')}": value for key, value in found.items()}
    if "resources" in arguments.kinds:
        rows = measure_resources()
        print_table(rows)
        figures |= {
            "resources_made": len(rows),
            "resources_refused": sum(row["outcome"] == "refused" for row in rows),
            "resources_max_ms": max(row["ms"] for row in rows),
            "resources_max_MB": max(row["MB"] for row in rows),
        }
    report("checkpoint_damage", figures)


if __name__ == "__main__":
    main()
