"""What one query costs a fine-tuned router on one CPU core, and how many go through in a batch.

MiniLM-L6 with two heads, and SmolLM2-135M with adapters in bfloat16, both as they are before training:
weights do not change the time. The queries are MMLU's where `ROUTER_DATA_DIR` is set, else one text of 450
characters, MMLU's mean.

Run: python -m tests.benchmarks.bert_speed [--write]
"""

import os
import time

import numpy as np

from shared_router import PreferenceData, Router
from shared_router.demo.local_model import local_model_folder
from shared_router.routers.bert import BertRouter
from shared_router.routers.causal_lm import CausalLMRouter
from shared_router.training.recipe import FineTuning
from tests.benchmarks.measure import Timing, print_table, report
from tests.benchmarks.minilm import model_folder
from tests.benchmarks.mmlu_routing import load_mmlu

UNTRAINED = FineTuning(learning_rate=1e-9, max_steps=1, batch_size=2, validation_fraction=0.0)
BATTLES = PreferenceData.from_correctness(["Prove it.", "Say hello."], [1, 0], [0, 1])
BATCH = 128
ROUNDS = {"bert": 200, "causal_lm": 20}


def queries(n: int) -> list[str]:
    """Return n queries."""
    if "ROUTER_DATA_DIR" not in os.environ:
        return [
            (f"{i} " + "A train leaves the station at noon and a second one follows. " * 8)[:450]
            for i in range(n)
        ]
    _, judged = load_mmlu()
    return judged.prompts[:n]


def measure(name: str, router: Router) -> dict[str, float]:
    """Time single queries, each another, and one batch, on one thread."""
    import torch

    torch.set_num_threads(1)
    asked = queries(max(BATCH, ROUNDS[name] + 5))
    spent, of_cpu = [], []
    for query in asked[: ROUNDS[name] + 5]:
        start, on_cpu = time.perf_counter_ns(), time.thread_time_ns()
        router.win_probability([query])
        of_cpu.append((time.thread_time_ns() - on_cpu) / 1e6)
        spent.append((time.perf_counter_ns() - start) / 1e3)
    single = Timing(np.array(spent[5:]))
    batch = asked[:BATCH] if name == "bert" else asked[:16]
    began = time.perf_counter()
    router.win_probability(batch)
    return {
        f"{name}_p50_ms": single.p50 / 1e3,
        f"{name}_p99_ms": single.p99 / 1e3,
        f"{name}_p50_cpu_ms": float(np.median(of_cpu[5:])),
        f"{name}_batch_per_s": len(batch) / (time.perf_counter() - began),
    }


def measure_bert() -> dict[str, float]:
    """Time MiniLM-L6 with two heads on one thread."""
    router = BertRouter(model_folder(), head="correctness", recipe=UNTRAINED)
    return measure("bert", router.fit_correctness(["Prove it.", "Say hello."], [1, 1], [0, 1]))


def measure_causal_lm() -> dict[str, float]:
    """Time SmolLM2-135M with adapters on one thread."""
    router = CausalLMRouter(local_model_folder(), dtype="bfloat16", recipe=UNTRAINED)
    return measure("causal_lm", router.fit(BATTLES))


def main() -> None:
    """Print a table, then one JSON line."""
    figures = measure_bert() | measure_causal_lm()
    print_table([{"figure": name, "value": value} for name, value in figures.items()])
    report("bert_speed", figures)


if __name__ == "__main__":
    main()
