"""Real prompts of five kinds, from the tables under `ROUTER_DATA_DIR`. Arena prompts are never printed."""

import os
import re
from pathlib import Path

import numpy as np

KINDS = ("mmlu", "gsm8k", "arena", "chinese", "code")
_IDEOGRAPH = re.compile("[\u4e00-\u9fff]")
_ARENA = ("arena_human_55k_subset", "arena_human_33k_subset")


def real_prompts(n: int, *, seed: int = 0) -> dict[str, list[str]]:
    """Return up to n different prompts of each kind, in random order.

    Chinese ones are the arena's with ten ideographs or more (72 of them); code is what CRUX asks about.

    Raises:
        SystemExit: If the data are not there; the message says what to set.
    """
    folder = os.environ.get("ROUTER_DATA_DIR")
    if not folder:
        raise SystemExit("skipped: ROUTER_DATA_DIR is not set; name the folder of routellm_mmlu.parquet")
    arena = [prompt for table in _ARENA for prompt in _prompts(Path(folder) / f"{table}.parquet")]
    chinese = [len(_IDEOGRAPH.findall(prompt)) >= 10 for prompt in arena]
    kinds = {
        "mmlu": _prompts(Path(folder) / "routellm_mmlu.parquet"),
        "gsm8k": _prompts(Path(folder) / "routellm_gsm8k.parquet"),
        "arena": [prompt for prompt, is_chinese in zip(arena, chinese, strict=True) if not is_chinese],
        "chinese": [prompt for prompt, is_chinese in zip(arena, chinese, strict=True) if is_chinese],
        "code": _prompts(Path(folder) / "zeroeval_multi.parquet", domain="crux"),
    }
    rng = np.random.default_rng(seed)
    return {kind: [found[i] for i in rng.permutation(len(found))[:n]] for kind, found in kinds.items()}


def _prompts(table: Path, *, domain: str = "") -> list[str]:
    import pandas as pd

    rows = pd.read_parquet(table)
    if domain:
        rows = rows[rows.domain.str.startswith(domain)]
    return list(rows.prompt.dropna().drop_duplicates())
