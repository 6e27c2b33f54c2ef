"""The sets that the shipped router is judged on, with what it saw of each.

MMLU, GSM8K and MT-Bench are RouteLLM's (`evaluate`). Of MMLU-Pro only the prompts count that the first
version was not trained on. The prompts of CRUX, MATH-L5 and Zebra taught the router what an exam question
looks like, and nothing of who answers them.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from shared_router.pretrained.build.corpus import Corpus
from shared_router.pretrained.build.evaluate import Benchmark, load_benchmarks
from shared_router.text import prompt_key

PRO_PAIR = "Meta-Llama-3_1-70B-Instruct", "Meta-Llama-3_1-8B-Instruct"
MIXED_PAIR = "llama-3.1-nemotron-51b-instruct", "mistral-7b-instruct-v0.3"
ZERO_PAIRS = {
    "CRUX": ("crux", "gpt-4-turbo-2024-04-09", "Mixtral-8x7B-Instruct-v0.1"),
    "MATH-L5": ("math-l5", "gpt-4-turbo-2024-04-09", "gpt-3.5-turbo-0125"),
    "Zebra": ("zebra-grid", "gpt-4o-2024-05-13", "gpt-3.5-turbo-0125"),
}


def load_sets(data_dir: Path, corpus: Corpus) -> list[Benchmark]:
    """Read all sets, those that nothing was learned from first."""
    return [*load_benchmarks(data_dir), *_unseen_sets(data_dir, corpus), *_seen_sets(data_dir)]


def _unseen_sets(data_dir: Path, corpus: Corpus) -> Iterator[Benchmark]:
    seen = {prompt_key(prompt) for prompt in corpus.pro.prompts}
    pro = _pair(data_dir / "mmlu_pro_multi.parquet", "MMLU-Pro 70B/8B", *PRO_PAIR)
    yield _some(pro, np.array([prompt_key(prompt) not in seen for prompt in pro.prompts]))
    yield _pair(data_dir / "llmrouter_multi.parquet", "LLMRouter, 14 tasks", *MIXED_PAIR)
    yield _votes(data_dir / "arena_human_55k_subset.parquet")


def _seen_sets(data_dir: Path) -> Iterator[Benchmark]:
    for name, (domain, strong, weak) in ZERO_PAIRS.items():
        rows = _pair(data_dir / "zeroeval_multi.parquet", name, strong, weak)
        yield _some(rows, np.array(rows.domains) == domain)


def _pair(path: Path, name: str, strong: str, weak: str) -> Benchmark:
    import pandas as pd

    rows = pd.read_parquet(path)
    wide = rows[rows.model.isin((strong, weak))].astype({"model": str}).pivot_table("score", "id", "model")
    wide = wide.dropna().sort_index()
    texts = rows.drop_duplicates("id").set_index("id").loc[wide.index]
    grades = [wide[model].to_numpy(dtype=np.float64) for model in (strong, weak)]
    return Benchmark(name, list(texts.prompt), grades[0], grades[1], list(texts.domain.astype(str)))


def _votes(path: Path) -> Benchmark:
    """Read human votes between RouteLLM's tiers 0 and 1 and its tier 2: 1, 1/2 or 0 for either side."""
    import pandas as pd

    rows = pd.read_parquet(path)
    rows = rows[rows.has_3way & rows.d_arena_like].sort_values("id")
    first = np.where(rows.winner == "tie", 0.5, rows.winner == "model_a").astype(np.float64)
    strong = np.where(rows.strong_model == rows.model_a, first, 1 - first)
    return Benchmark("arena, human votes", list(rows.prompt), strong, 1 - strong, [""] * len(rows))


def _some(rows: Benchmark, kept: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Benchmark:
    return Benchmark(
        rows.name,
        [prompt for prompt, keep in zip(rows.prompts, kept, strict=True) if keep],
        rows.strong[kept],
        rows.weak[kept],
        [domain for domain, keep in zip(rows.domains, kept, strict=True) if keep],
    )
