"""What the shipped router's thresholds mean: the quantiles of its scores on a named mix of traffic.

A threshold sends 13 to 96 % strong by the traffic, so half of what is said: the mix holds a thousand prompts
each of five kinds, none of which is a benchmark's. Only their scores are kept.

Run: python -m shared_router.pretrained.build.traffic --data DATA  (measures the shipped router anew)
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable
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


def traffic_quantiles(router: Router, data_dir: Path) -> ScoreQuantiles:
    """Score the mix.

    Args:
        router: The router that is to ship.
        data_dir: The folder of the sources.
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
    scores = router.win_probability([clean(prompt) for kind in kinds for prompt in _some(kind)])
    return ScoreQuantiles.of(scores.tolist(), source=SOURCE)


def _some(prompts: Iterable[object]) -> list[str]:
    distinct = sorted({prompt for prompt in prompts if isinstance(prompt, str) and prompt.strip()})
    chosen = np.random.default_rng(0).permutation(len(distinct))[:PROMPTS_EACH]
    return [distinct[i] for i in chosen]


def main() -> None:
    """Measure the shipped router anew, and write its quantiles, its card and the card's page."""
    from shared_router.checkpoints.card import add_card
    from shared_router.embedding.shipped import DEFAULT_EMBEDDER
    from shared_router.pretrained.build.card import page
    from shared_router.registry import DEFAULT_ROUTER
    from shared_router.routers.static import StaticRouter

    parser = argparse.ArgumentParser(description="Measure what the shipped router's thresholds mean.")
    parser.add_argument("--data", type=Path, required=True, help="the folder of the sources")
    data = parser.parse_args().data
    folder = Path(__file__).parents[1] / DEFAULT_ROUTER
    card = json.loads((folder / "card.json").read_bytes())
    router = StaticRouter.load(folder)
    router.score_quantiles_ = traffic_quantiles(router, data)
    router.save_on(DEFAULT_EMBEDDER, folder, overwrite=True)
    card["recommended_threshold"] = round(router.score_quantiles_.threshold(0.5), 4)
    card["traffic"] = router.score_quantiles_.source
    add_card(folder, (json.dumps(card, indent=1) + "\n").encode())
    (folder / "CARD.md").write_text(page(card), "utf-8")


if __name__ == "__main__":
    main()
