"""What each cut of the shipped embedder costs: its width, and how its numbers are kept.

Every row is distilled and trained anew and measured by cross-validation on gold, where choices are made, and
on the MMLU benchmark, where none is.

Run: ROUTER_DATA_DIR=DATA python -m tests.benchmarks.embedder_cuts
"""

import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from shared_router import StaticEmbedder
from shared_router.evaluation.metrics import apgr
from shared_router.pretrained.build.corpus import Corpus, load_corpus
from shared_router.pretrained.build.distill import Distilled, distil, load_distill_data, quantised
from shared_router.pretrained.build.evaluate import Benchmark, load_benchmarks
from shared_router.pretrained.build.training import fit_router, held_out_probabilities
from tests.benchmarks.measure import print_table, report, take_turns
from tests.benchmarks.minilm import model_folder
from tests.benchmarks.routing_overhead import QUERY

WIDTHS = (64, 128, 256)
SHIPPED_WIDTH = 128


def kept_as(student: Distilled, tokenizer_json: str, numbers: str) -> StaticEmbedder:
    """Return the embedder with its vectors kept as fp32, fp16, int8 or int4 (held one a byte)."""
    if numbers == "int8":
        return quantised(student, tokenizer_json)
    if numbers == "int4":
        steps = np.abs(student.vectors).max(axis=1) / 7
        steps = np.where(steps > 0, steps, 1)
        codes: Any = np.clip(np.rint(student.vectors / steps[:, None]), -7, 7).astype(np.int8)
        weights = (student.weights * steps).astype(np.float32)
    else:
        codes = student.vectors.astype({"fp32": np.float32, "fp16": np.float16}[numbers])
        weights = student.weights.astype(np.float32)
    return StaticEmbedder(codes, token_weights=weights, tokenizer_json=tokenizer_json.encode())


def row_of(
    corpus: Corpus, mmlu: Benchmark, student: Distilled, tokenizer_json: str, numbers: str
) -> dict[str, Any]:
    """Train the router on one cut, with questions read whole, and measure it."""
    embedder = kept_as(student, tokenizer_json, numbers)
    trained = fit_router(corpus, embedder, student.held_out_cosine, trim=None)
    p = held_out_probabilities(trained)
    bits = {"fp32": 32, "fp16": 16, "int8": 8, "int4": 4}[numbers]
    return {
        "width": embedder.dim,
        "numbers": numbers,
        "megabytes": embedder.token_vectors.size * bits / 8e6,
        "cosine": student.held_out_cosine,
        "apgr_gold_cv": float(np.mean([apgr(each, trained.gold_strong, trained.gold_weak) for each in p])),
        "apgr_mmlu": apgr(trained.router.win_probability(mmlu.prompts), mmlu.strong, mmlu.weak),
        "embed_p50_us": take_turns({"embed": lambda: embedder.embed([QUERY])}, rounds=1000)["embed"].p50,
    }


def main() -> None:
    """Print a row per cut."""
    folder = Path(os.environ["ROUTER_DATA_DIR"])
    model = model_folder()
    corpus, mmlu = load_corpus(folder), load_benchmarks(folder)[0]
    rows = []
    with tempfile.TemporaryDirectory() as passing:
        data = load_distill_data(corpus, model, Path(os.environ.get("ROUTER_CACHE_DIR", passing)))
    for width in WIDTHS:
        student = distil(data, dim=width)
        kinds = ("fp32", "fp16", "int8", "int4") if width == SHIPPED_WIDTH else ("int8",)
        rows += [row_of(corpus, mmlu, student, data.tokenizer_json, numbers) for numbers in kinds]
    print_table(rows)
    figures = {f"{name}_{row['width']}_{row['numbers']}": row[name] for row in rows for name in FIGURES}
    report("embedder_cuts", figures)


FIGURES = ("apgr_gold_cv", "apgr_mmlu", "megabytes")

if __name__ == "__main__":
    main()
