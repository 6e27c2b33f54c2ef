"""What a hundred million prompts cost, by router and machine.

On the processor: `routellm score` with one process and one thread, in a process of its own, on real prompts
of five kinds in Parquet; the time is the processor's, start-up left out, so that what else runs disturbs it
little. Routers over embeddings read 12,509 graded MMLU prompts with the shipped embedder, the BERT router is
MiniLM-L6 and the causal LM SmolLM2-135M, as `bert_speed` has them, and BERT base has random weights.

With `--gpu`: BERT base, SmolLM2-135M and a Llama 3 of 8 billion parameters, all with random weights
(`untrained_models`), as the routers run them, by the clock, warmed up; reading and writing, which the
processor does meanwhile, is not in it. `--record` says where the rows go; those of other machines and routers
stay there, so that what a GPU elsewhere has measured is brought with `--merge`.

Dollars are hours times the prices that are given: assumptions, of no source. Put in your own.

Run: python -m tests.benchmarks.batch_costs [--routers NAME ...] [--core-hour USD] [--gpu-hour USD] [--write]
"""

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from tests.benchmarks.measure import FIGURES, print_table

ROOT = Path(__file__).parents[2]
RECORD = FIGURES / "batch_costs.json"
HUNDRED_MILLION = 1e8
COLUMNS = ("router", "machine", "prompts a second", "hours for 100 million", "unit", "dollars")
ROWS = {
    "static-v2": 200_000,
    "static-v1": 200_000,
    "local": 100_000,
    "matrix factorization": 100_000,
    "similarity weighting": 30_000,
    "nearest neighbours": 60_000,
    "bert (MiniLM-L6, 22 million)": 1024,
    "bert (base, 110 million, random)": 256,
    "causal LM (SmolLM2, 135 million)": 64,
}
GPU_ROWS = {
    "bert (base, 110 million, random)": 20_000,
    "causal LM (SmolLM2, 135 million, random)": 8000,
    "causal LM (Llama 3, 8 billion, random)": 2000,
}
_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS")


def saved(name: str, folder: Path) -> str:
    """Return what `--router` names: a shipped router's name, or the folder of one that is made here."""
    if name.startswith("static"):
        return name
    router = _made(name)
    router.save(folder)
    return str(folder)


def _made(name: str) -> Any:
    from shared_router.routers.knn import KNNRouter
    from shared_router.routers.local import LocalRouter
    from shared_router.routers.matrix_factorization import MatrixFactorizationRouter
    from shared_router.routers.similarity_weighted import SimilarityWeightedRouter
    from shared_router.training.factors import FactorTraining
    from tests.benchmarks.mmlu_routing import load_mmlu

    learned, others = load_mmlu()
    over_embeddings: dict[str, Callable[[], Any]] = {
        "local": lambda: LocalRouter().fit(learned.preferences()),
        "matrix factorization": lambda: MatrixFactorizationRouter(recipe=FactorTraining(epochs=1)).fit(
            others.preferences()
        ),
        "similarity weighting": lambda: SimilarityWeightedRouter().fit(others.preferences()),
        "nearest neighbours": lambda: KNNRouter().fit(others.preferences()),
    }
    if name in over_embeddings:
        return over_embeddings[name]()
    from shared_router.demo.local_model import local_model_folder
    from shared_router.routers.bert import BertRouter
    from shared_router.routers.causal_lm import CausalLMRouter
    from tests.benchmarks.bert_speed import BATTLES, UNTRAINED
    from tests.benchmarks.minilm import model_folder
    from tests.benchmarks.untrained_models import untrained_bert

    if "random" in name:
        return untrained_bert(model_folder() / "tokenizer.json", "cpu")
    if name.startswith("bert"):
        bert = BertRouter(model_folder(), head="correctness", recipe=UNTRAINED)
        return bert.fit_correctness(["Prove it.", "Say hello."], [1, 1], [0, 1])
    return CausalLMRouter(local_model_folder(), dtype="bfloat16", recipe=UNTRAINED).fit(BATTLES)


def on_processor(name: str, folder: Path) -> float:
    """Return the prompts a second of one core."""
    router = saved(name, folder / "router")
    start = _core_seconds(router, folder / "start", 1)
    spent = _core_seconds(router, folder / "all", ROWS[name])
    return (ROWS[name] - 1) / (spent - start)


def _core_seconds(router: str, folder: Path, n_rows: int) -> float:
    from tests.benchmarks.batch_scale import command, write_prompts

    folder.mkdir()
    write_prompts(folder, n_rows)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = {**os.environ, **dict.fromkeys(_ONE_THREAD, "1"), "PYTHONPATH": str(ROOT)}
    asked = command(folder, folder / "out", router, 1)
    subprocess.run(asked, check=True, stdout=subprocess.DEVNULL, env=environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def on_gpu(name: str, prompts: list[str], tokenizers: Path) -> float:
    """Return the prompts a second of one GPU."""
    import torch

    from tests.benchmarks.untrained_models import (
        LLAMA_3_8B,
        SMOLLM2_135M,
        untrained_bert,
        untrained_causal_lm,
    )

    if name.startswith("bert"):
        router = untrained_bert(tokenizers / "word_pieces.json", "cuda")
    else:
        sizes = LLAMA_3_8B if "Llama" in name else SMOLLM2_135M
        router = untrained_causal_lm(tokenizers / "byte_pairs.json", "cuda", sizes)
    asked = list(islice(cycle(prompts), GPU_ROWS[name]))
    router.win_probability(asked[: len(asked) // 10])
    torch.cuda.synchronize()
    started = time.perf_counter()
    for at in range(0, len(asked), 1024):  # as `routellm score` asks
        router.win_probability(asked[at : at + 1024])
    return len(asked) / (time.perf_counter() - started)


def row(name: str, machine: str, speed: float, unit: str, price: float) -> dict[str, Any]:
    """Return a row of the table."""
    hours = HUNDRED_MILLION / speed / 3600
    return dict(zip(COLUMNS, (name, machine, speed, hours, unit, hours * price), strict=True))


def merged(rows: Iterable[dict[str, Any]], path: Path) -> list[dict[str, Any]]:
    """Return rows, after those of other routers or machines that a record has."""
    new = {(each["router"], each["machine"]): each for each in rows}
    found = json.loads(path.read_text("utf-8"))["measured"] if path.is_file() else []
    together = {(each["router"], each["machine"]): each for each in found} | new
    return sorted(together.values(), key=lambda each: (each["unit"], -each["prompts a second"]))


def write(rows: list[dict[str, Any]], path: Path, prices: dict[str, float]) -> None:
    """Keep rows for the docs, each with the dollars that the prices make of it, and how it was measured."""
    told = [{**each, "dollars": each["hours for 100 million"] * prices[each["unit"]]} for each in rows]
    cells = [[_shown(name, value) for name, value in each.items()] for each in told]
    asked = " ".join(f"--{unit.replace(' ', '-').lower()} {price:g}" for unit, price in prices.items())
    kept = {
        "command": f"python -m tests.benchmarks.batch_costs {asked} --write",
        "machine": f"Python {platform.python_version()} on the processor",
        "columns": list(COLUMNS),
        "rows": cells,
        "measured": told,
    }
    path.write_text(json.dumps(kept, indent=1) + "\n", "utf-8")


def _shown(name: str, value: object) -> object:
    if not isinstance(value, float):
        return value
    return f"{value:,.2f}" if name == "dollars" else f"{value:,.1f}"


def main() -> None:
    """Measure, print, and with `--write` keep the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--routers", nargs="*", help="which to measure (default: all)")
    parser.add_argument("--core-hour", type=float, default=0.05, help="dollars for a core's hour")
    parser.add_argument("--gpu-hour", type=float, default=3.0, help="dollars for a GPU's hour")
    parser.add_argument("--gpu", action="store_true", help="measure the large routers on this GPU")
    parser.add_argument("--prompts", type=Path, help="a JSON list of prompts, for --gpu")
    parser.add_argument("--tokenizers", type=Path, help="where word_pieces.json and byte_pairs.json are")
    parser.add_argument("--merge", type=Path, help="a record to take rows from, measured elsewhere")
    parser.add_argument("--record", type=Path, default=RECORD, help="where rows are kept")
    parser.add_argument("--write", action="store_true", help="keep the table for the docs")
    arguments = parser.parse_args()
    prices = {"core hour": arguments.core_hour, "GPU hour": arguments.gpu_hour}
    known = GPU_ROWS if arguments.gpu else ROWS
    names = list(known) if arguments.routers is None else arguments.routers
    rows = [] if arguments.merge is None else json.loads(arguments.merge.read_text("utf-8"))["measured"]
    for name in names:
        if arguments.gpu:
            rows.append(_gpu_row(name, arguments, prices["GPU hour"]))
        else:
            with tempfile.TemporaryDirectory() as folder:
                speed = on_processor(name, Path(folder))
            machine = f"one of {os.cpu_count()} cores, {platform.machine()}"
            rows.append(row(name, machine, speed, "core hour", prices["core hour"]))
        print_table(rows[-1:])
        sys.stdout.flush()
        if arguments.write:  # after each, so that a run that is cut keeps what it has
            write(merged(rows, arguments.record), arguments.record, prices)
    rows = merged(rows, arguments.record)
    if arguments.write:
        write(rows, arguments.record, prices)
    print_table(rows)
    print(json.dumps({each["router"]: round(each["prompts a second"], 1) for each in rows}))


def _gpu_row(name: str, arguments: argparse.Namespace, price: float) -> dict[str, Any]:
    import torch

    prompts = json.loads(arguments.prompts.read_text("utf-8"))
    speed = on_gpu(name, prompts, arguments.tokenizers)
    torch.cuda.empty_cache()
    return row(name, torch.cuda.get_device_name(), speed, "GPU hour", price)


if __name__ == "__main__":
    main()
