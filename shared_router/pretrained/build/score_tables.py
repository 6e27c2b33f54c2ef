"""What a share means on each kind of prompt: the quantiles of a shipped router's scores, by the set's name.

The mix behind `strong_fraction=` is of one kind of traffic; somebody whose traffic is mathematics looks at
GSM8K's row. Of each set at most a thousand prompts are scored, and only quantiles of their scores are kept.

Run: python -m shared_router.pretrained.build.score_tables --data DATA [--router NAME]
(puts them into the card of a router that ships, and writes the card's page anew)
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from shared_router.quantiles import ScoreQuantiles
from shared_router.text import clean

if TYPE_CHECKING:
    from shared_router.router import Router

PROMPTS_EACH = 1000
SHARES_HEAD = "## Which threshold sends which share strong"
SHARES = (0.1, 0.2, 0.3, 0.5, 0.7)
SETS = {
    "arena": ("arena_human_55k_subset", "Chatbot Arena prompts"),
    "mmlu": ("routellm_mmlu", "MMLU questions"),
    "mmlu_pro": ("mmlu_pro_multi", "MMLU-Pro questions"),
    "gsm8k": ("routellm_gsm8k", "GSM8K questions"),
    "mt_bench": ("routellm_mtbench", "MT-Bench first turns"),
    "zeroeval": ("zeroeval_multi", "ZeroEval prompts"),
    "llmrouter": ("llmrouter_multi", "prompts of LLMRouter's 14 tasks"),
}
"""A file of prompts and what they are, by the name of its row."""


def score_tables(router: Router, data_dir: Path) -> dict[str, dict[str, Any]]:
    """Score each set, and return its quantiles as a card holds them: to six decimals, so that it stays small.

    Args:
        router: The router that is to ship.
        data_dir: The folder of the sets.
    """
    return {name: _table(router, data_dir / f"{file}.parquet", said) for name, (file, said) in SETS.items()}


def score_tables_page(tables: Mapping[str, Mapping[str, Any]]) -> str:
    """Return a card's tables as Markdown: which threshold sends which share of which prompts strong."""
    head = " | ".join(f"{share:g} strong" for share in SHARES)
    rows = "".join(
        f"\n| {name} | {known.n_queries:,} {known.source} | "
        + " | ".join(f"{known.threshold(share):.4f}" for share in SHARES)
        + " |"
        for name, known in ((name, ScoreQuantiles.from_settings(table)) for name, table in tables.items())
    )
    return f"| set | prompts | {head} |\n|---|---|{'---:|' * len(SHARES)}{rows}"


def _table(router: Router, path: Path, said: str) -> dict[str, Any]:
    import pandas as pd

    rows = pd.read_parquet(path)
    if "eval_overlap" in rows:
        rows = rows[rows.eval_overlap.isna()]
    distinct = sorted({prompt for prompt in rows.prompt if isinstance(prompt, str) and prompt.strip()})
    chosen = np.random.default_rng(0).permutation(len(distinct))[:PROMPTS_EACH]
    scores = router.win_probability([clean(distinct[i]) for i in chosen])
    table = ScoreQuantiles.of(scores.tolist(), source=said).as_settings()
    return {**table, "values": [round(value, 6) for value in table["values"]]}


def main() -> None:
    """Measure a router that ships, and write its card with the tables."""
    from shared_router.checkpoints.card import CARD, add_card
    from shared_router.registry import DEFAULT_ROUTER, load_router, router_names

    parser = argparse.ArgumentParser(description="Measure what a share means on named sets of prompts.")
    parser.add_argument("--data", type=Path, required=True, help="the folder of the sets")
    parser.add_argument("--router", choices=router_names(), default=DEFAULT_ROUTER)
    arguments = parser.parse_args()
    folder = Path(__file__).parents[1] / arguments.router
    card = json.loads((folder / CARD).read_bytes())
    page = (folder / "CARD.md").read_text("utf-8").split(SHARES_HEAD)[0].rstrip()  # add_card replaces it all
    card["score_tables"] = score_tables(load_router(arguments.router), arguments.data)
    add_card(folder, (json.dumps(card, indent=1) + "\n").encode())
    tables = score_tables_page(card["score_tables"])
    (folder / "CARD.md").write_text(f"{page}\n\n{SHARES_HEAD}\n\n{tables}\n", "utf-8")


if __name__ == "__main__":
    main()
