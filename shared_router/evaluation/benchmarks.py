"""The paper's three benchmarks, GPT-4 against Mixtral, with what no router may be judged on left out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from shared_router.errors import DataError
from shared_router.evaluation.benchmark_files import STRONG, WEAK, BenchmarkRows, read_rows
from shared_router.records.outcomes import Outcomes
from shared_router.text import prompt_key


@dataclass(frozen=True, slots=True)
class Benchmark:
    """One benchmark.

    Attributes:
        name: MMLU, GSM8K or MT-Bench.
        judged: The prompts to be judged on, with the grades of `strong` and `weak`.
        gold: The prompts set aside to learn from, or None: 1,500 of MMLU in the tables.
        strong: The strong model's name in the outcomes.
        weak: The weak model's.
        scale: The worst and the best grade that was given; in the outcomes they are 0 and 1.
        n_contaminated: How many prompts were left out because RouteLLM lists them as contaminated.
        n_trained_on: How many further ones because they are to be learned from, or were.
    """

    name: str
    judged: Outcomes = field(repr=False)
    gold: Outcomes | None = field(repr=False)
    strong: str
    weak: str
    scale: tuple[float, float]
    n_contaminated: int
    n_trained_on: int


def read_benchmarks(folder: str | Path, *, trained_on: Iterable[str] = ()) -> tuple[Benchmark, ...]:
    """Read MMLU, GSM8K and MT-Bench with the answers that RouteLLM published.

    Args:
        folder: A checkout of RouteLLM, or the folder of the three tables; see `benchmark_files`.
        trained_on: Prompts that the routers to be judged have learned from: left out, as are those that
            repeat a gold prompt; equality is `prompt_key`'s.

    Raises:
        DataError: If the folder holds no benchmarks, or none of a benchmark's prompts are left.
        MissingExtraError: If it holds tables and pyarrow is not installed.
    """
    seen = {prompt_key(prompt) for prompt in trained_on}
    return tuple(_benchmark(rows, seen) for rows in read_rows(Path(folder)))


def _benchmark(rows: BenchmarkRows, seen: set[str]) -> Benchmark:
    keys = [prompt_key(prompt) for prompt in rows.prompts]
    gold = [place for place, is_gold in enumerate(rows.gold) if is_gold]
    learned = seen | {keys[place] for place in gold}
    clean = [place for place in range(len(keys)) if not rows.gold[place] and not rows.contaminated[place]]
    judged = [place for place in clean if keys[place] not in learned]
    if not judged:
        raise DataError(f"{rows.name} must have prompts that no router was trained on, and none is left")
    n_contaminated = sum(rows.contaminated[place] and not rows.gold[place] for place in range(len(keys)))
    return Benchmark(
        rows.name,
        _outcomes(rows, judged),
        _outcomes(rows, gold) if gold else None,
        STRONG,
        WEAK,
        rows.scale,
        n_contaminated,
        len(clean) - len(judged),
    )


def _outcomes(rows: BenchmarkRows, places: list[int]) -> Outcomes:
    return Outcomes.from_columns(
        [rows.prompts[place] for place in places],
        {STRONG: [rows.strong[place] for place in places], WEAK: [rows.weak[place] for place in places]},
        domains=[rows.domains[place] for place in places],
    )
