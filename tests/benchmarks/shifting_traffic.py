"""Real questions whose kind changes on the way, with their scores and both models' grades."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from shared_router import ScoreQuantiles, clean, load_router

Floats = NDArray[np.float64]

N_CALIBRATED = 1000
_LLMROUTER_PAIR = ("llama-3.3-nemotron-super-49b-v1", "mistral-7b-instruct-v0.3")


@dataclass(frozen=True, slots=True)
class Kind:
    """Questions of one kind: n scores of the shipped router, and n grades of each model."""

    scores: Floats
    strong: Floats
    weak: Floats

    def __len__(self) -> int:
        """Count the questions."""
        return len(self.scores)

    def some(self, rows: NDArray[np.int_]) -> "Kind":
        """Return these rows."""
        return Kind(self.scores[rows], self.strong[rows], self.weak[rows])


def kinds() -> dict[str, Kind]:
    """Return MMLU, GSM8K and LLMRouter's 14 tasks, each in one order for ever."""
    if not os.environ.get("ROUTER_DATA_DIR"):
        raise SystemExit("skipped: ROUTER_DATA_DIR is not set; name the folder of routellm_mmlu.parquet")
    folder = Path(os.environ["ROUTER_DATA_DIR"])
    pair = ["prompt", "strong_score", "weak_score"]
    mmlu = pd.read_parquet(folder / "routellm_mmlu.parquet")
    tables = {
        "MMLU": mmlu[mmlu.split == "eval"][pair],
        "GSM8K": pd.read_parquet(folder / "routellm_gsm8k.parquet")[pair],
        "LLMRouter": _llmrouter(folder),
    }
    router = load_router()
    found = {}
    for name, table in tables.items():
        rows = table.drop_duplicates("prompt")
        scores = router.win_probability([clean(prompt) for prompt in rows.prompt])
        kind = Kind(scores, rows.strong_score.to_numpy(float), rows.weak_score.to_numpy(float))
        found[name] = kind.some(np.random.default_rng(0).permutation(len(kind)))
    return found


def calibrated(found: Mapping[str, Kind]) -> tuple[ScoreQuantiles, Kind]:
    """Return what a policy is made on, the first 1,000 of MMLU, and the rest of MMLU."""
    mmlu = found["MMLU"]
    made_on = ScoreQuantiles.of(mmlu.scores[:N_CALIBRATED].tolist(), source="MMLU questions")
    return made_on, mmlu.some(np.arange(N_CALIBRATED, len(mmlu)))


def _llmrouter(folder: Path) -> Any:
    rows = pd.read_parquet(folder / "llmrouter_multi.parquet")
    rows = rows[rows.model.isin(_LLMROUTER_PAIR)].drop_duplicates(["prompt", "model"])
    wide = rows.pivot(index="prompt", columns="model", values="score").dropna().reset_index()
    strong, weak = _LLMROUTER_PAIR
    return pd.DataFrame({"prompt": wide.prompt, "strong_score": wide[strong], "weak_score": wide[weak]})
