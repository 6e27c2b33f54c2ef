"""What the shipped router's thresholds mean: the quantiles of its scores on a named mix of traffic.

A threshold sends 13 to 96 % strong by the traffic, so half of what is said: the mix holds a thousand prompts
each of five kinds, none of which is a benchmark's, and for the second version everyday prompts too. Only
their scores are kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from shared_router.quantiles import ScoreQuantiles
from shared_router.text import clean

if TYPE_CHECKING:
    from shared_router.router import Router

PROMPTS_EACH = 1000
SOURCE = (
    "prompts, 1,000 each of Chatbot Arena, MMLU (RouteLLM's gold rows), MMLU-Pro, ZeroEval and "
    "LLMRouter's 14 tasks"
)


def traffic_quantiles(router: Router, data_dir: Path, *, everyday: Sequence[str] = ()) -> ScoreQuantiles:
    """Score the mix.

    Args:
        router: The router that is to ship.
        data_dir: The folder of the sources.
        everyday: A sixth kind, of which as many are taken; none leaves it out.
    """
    import pandas as pd

    def read(name: str) -> pd.DataFrame:
        return pd.read_parquet(data_dir / f"{name}.parquet")

    mmlu, arena = read("routellm_mmlu"), read("arena_human_55k_subset")
    kinds = [
        arena.prompt[arena.eval_overlap.isna()],
        mmlu.prompt[mmlu.split == "gold"],
        read("mmlu_pro_multi").prompt,
        read("zeroeval_multi").prompt,
        read("llmrouter_multi").prompt,
    ]
    source = f"{SOURCE}, and {PROMPTS_EACH:,} everyday prompts" if everyday else SOURCE
    scores = router.win_probability([clean(prompt) for kind in [*kinds, everyday] for prompt in _some(kind)])
    return ScoreQuantiles.of(scores.tolist(), source=source)


def _some(prompts: Iterable[object]) -> list[str]:
    distinct = sorted({prompt for prompt in prompts if isinstance(prompt, str) and prompt.strip()})
    chosen = np.random.default_rng(0).permutation(len(distinct))[:PROMPTS_EACH]
    return [distinct[i] for i in chosen]
