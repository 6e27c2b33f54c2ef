"""Real grades as streams of requests: the answer that is chosen is graded, and the other one never seen.

Each set's prompts come in an order of the seed, again and again until there are as many requests as asked
for; a prompt that comes again is graded as before. A strong answer costs what it is worth more in the mean of
its set, so that always asking either model is worth the same, and only knowing which question is which pays.
In the second half of a stream with a shift another model has taken the weak one's place.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from shared_router.embedding.trimmed import TRIM
from shared_router.routers.local_reader import PromptReader
from shared_router.routers.online_features import PriorScale, online_features
from shared_router.routers.shipped import DEFAULT_ROUTER

Floats = NDArray[np.float64]

SETS = {
    "MMLU-Pro": (
        "mmlu_pro_multi",
        ("Meta-Llama-3_1-70B-Instruct", "Meta-Llama-3_1-8B-Instruct", "Qwen1.5-72B-Chat"),
    ),
    "LLMRouter": (
        "llmrouter_multi",
        ("llama-3.1-nemotron-51b-instruct", "mistral-7b-instruct-v0.3", "gemma-2-9b-it"),
    ),
    "ZeroEval": (
        "zeroeval_multi",
        ("gpt-4o-2024-05-13", "Mixtral-8x7B-Instruct-v0.1", "gpt-4o-mini-2024-07-18"),
    ),
}
"""The file, and the strong model, the weak one, and the one that takes its place."""


@dataclass(frozen=True)
class GradedPrompts:
    """A set, read once.

    Attributes:
        name: What it is called.
        prompts: The n prompts.
        features: What an online router reads of them.
        prior: The shipped router's win probabilities, shape (n,).
        grades: Of the strong model's answers, the weak one's, and the other weak one's, shape (n, 3).
    """

    name: str
    prompts: tuple[str, ...]
    features: Floats
    prior: Floats
    grades: Floats

    @property
    def price(self) -> float:
        """What a strong answer costs more, in grades."""
        return float((self.grades[:, 0] - self.grades[:, 1]).mean())


@dataclass(frozen=True)
class Stream:
    """Requests in the order in which they come.

    Attributes:
        rows: The prompt of each, shape (T,).
        weak: The column of the weak model's grades at each, shape (T,).
        graded: The prompts.
    """

    rows: NDArray[np.intp]
    weak: NDArray[np.intp]
    graded: GradedPrompts

    @classmethod
    def of(cls, graded: GradedPrompts, n: int, *, seed: int, shift: bool) -> Stream:
        """Draw a stream of n requests."""
        rng = np.random.default_rng(seed)
        times = -(-n // len(graded.prompts))
        rows = np.concatenate([rng.permutation(len(graded.prompts)) for _ in range(times)])[:n]
        weak = np.where(np.arange(n) < (n // 2 if shift else n), 1, 2)
        return cls(rows, weak, graded)

    @property
    def grades(self) -> Floats:
        """The strong model's grade and the weak one's at each request, shape (T, 2)."""
        table = self.graded.grades
        return np.column_stack([table[self.rows, 0], table[self.rows, self.weak]])


def graded_streams(folder: Path, chosen: str = "") -> Iterator[GradedPrompts]:
    """Read the sets, or the one that is named."""
    import pandas

    for name, (file, models) in SETS.items():
        if chosen not in ("", name):
            continue
        rows = pandas.read_parquet(folder / f"{file}.parquet")
        rows = rows[rows["model"].isin(models)]
        table = rows.pivot_table(index="id", columns="model", values="score").dropna()[list(models)]
        by_id = rows.drop_duplicates("id").set_index("id")
        prompts = tuple(by_id.loc[table.index, "prompt"])
        reader = PromptReader(None, prior=DEFAULT_ROUTER, trim=TRIM)
        reading = reader.read_all(prompts, progress=False)
        scale = PriorScale.of(reader.prior)
        yield GradedPrompts(
            name,
            prompts,
            online_features(reading, scale, has_prior=True),
            1 / (1 + np.exp(-reading.scores[:, 0])),
            table.to_numpy(dtype=np.float64),
        )
