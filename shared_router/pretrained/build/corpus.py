"""Training rows that share no prompt with the benchmarks a router is judged on.

A prompt is excluded when it matches an evaluation prompt in any of three ways: equal normalised
text, equal normalised stem (the question before its answer choices), or a shared run of 13 words
inside the stem. Paraphrases and translations are not found.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

GRAM_WORDS = 13
_CHOICES = re.compile(r"\n\s*\(?A\s*[.):]\s")
_CHOICE_LABEL = re.compile(r"\n\s*\(?[A-P]\s*[.):](?=\s)")
_ANSWER = re.compile(r"\n\s*answer\s*:?\s*$", re.IGNORECASE)
_NOT_WORD = re.compile(r"[\W_]+")


def normalised(text: str) -> str:
    """Return the words of `text` in lower case, without punctuation, choice labels or `Answer:`."""
    bare = _CHOICE_LABEL.sub("\n", _ANSWER.sub("", text))
    return _NOT_WORD.sub(" ", bare.casefold()).strip()


def question_stem(text: str) -> str:
    """Return the question before its answer choices (the whole text when it has none)."""
    return _CHOICES.split(text, maxsplit=1)[0]


def normalised_stem(text: str) -> str:
    """Return the normalised question before its answer choices."""
    return normalised(question_stem(text))


def word_grams(text: str) -> Iterator[str]:
    """Yield every run of `GRAM_WORDS` words of a normalised text."""
    words = text.split()
    for start in range(len(words) - GRAM_WORDS + 1):
        yield " ".join(words[start : start + GRAM_WORDS])


class PromptFilter:
    """Answer whether a prompt repeats one of a set of forbidden prompts.

    Args:
        prompts: Forbidden prompts, as they are shown to a model.
    """

    def __init__(self, prompts: Iterable[str]) -> None:
        self._keys: set[str] = set()
        self._grams: set[str] = set()
        for prompt in prompts:
            stem = normalised_stem(prompt)
            self._keys.update((normalised(prompt), stem))
            self._grams.update(word_grams(stem))

    def reason(self, prompt: str) -> str:
        """Return why `prompt` is forbidden (`text`, `stem` or `words`), or "" when it is not."""
        if normalised(prompt) in self._keys:
            return "text"
        stem = normalised_stem(prompt)
        if stem in self._keys:
            return "stem"
        return "words" if any(gram in self._grams for gram in word_grams(stem)) else ""


@dataclass(frozen=True)
class Scores:
    """Hold which model answers which prompt correctly.

    Attributes:
        prompts: Prompts, sorted by id, shape (n,).
        domains: Subject of each prompt.
        models: Model names, sorted, shape (k,).
        correct: 1.0 right, 0.0 wrong, NaN not asked, shape (n, k).
    """

    prompts: list[str]
    domains: list[str]
    models: list[str]
    correct: NDArray[np.float64]


@dataclass(frozen=True)
class Corpus:
    """Hold the training tables and how many rows each lost.

    Attributes:
        gold: RouteLLM's gold MMLU rows, sorted by id.
        pro: MMLU-Pro correctness of many models.
        zero: ZeroEval correctness of many models.
        counts: For each source, prompts before exclusion, excluded by reason, and left.
    """

    gold: pd.DataFrame
    pro: Scores
    zero: Scores
    counts: dict[str, dict[str, int]]


def evaluation_prompts(data_dir: Path) -> list[str]:
    """Return every prompt of the MMLU eval split, GSM8K and MT-Bench (both turns)."""
    import pandas as pd

    mmlu = pd.read_parquet(data_dir / "routellm_mmlu.parquet")
    gsm8k = pd.read_parquet(data_dir / "routellm_gsm8k.parquet")
    mtbench = pd.read_parquet(data_dir / "routellm_mtbench.parquet")
    prompts = [*mmlu.prompt[mmlu.split == "eval"], *gsm8k.prompt, *mtbench.prompt, *mtbench.prompt_turn2]
    return [p for p in prompts if isinstance(p, str) and p]


def load_corpus(data_dir: Path) -> Corpus:
    """Read the Apache-2.0 training sets and drop every prompt that repeats an evaluation prompt.

    Gold rows are kept whole: a gold prompt that an eval row repeats is dropped on the eval side
    (`evaluate.load_mmlu`), as the shared protocol says.
    """
    import pandas as pd

    mmlu = pd.read_parquet(data_dir / "routellm_mmlu.parquet")
    gold = mmlu[mmlu.split == "gold"].sort_values("id").reset_index(drop=True)
    forbidden = PromptFilter(evaluation_prompts(data_dir))
    eval_ids = set(mmlu.id[mmlu.split == "eval"])
    counts: dict[str, dict[str, int]] = {"gold": {"before": len(gold), "kept": len(gold)}}
    tables = {}
    for name in ("mmlu_pro_multi", "zeroeval_multi"):
        rows = pd.read_parquet(data_dir / f"{name}.parquet")
        tables[name], counts[name] = _clean(rows, forbidden, eval_ids)
    return Corpus(gold, tables["mmlu_pro_multi"], tables["zeroeval_multi"], counts)


def _clean(rows: pd.DataFrame, forbidden: PromptFilter, eval_ids: set[str]) -> tuple[Scores, dict[str, int]]:
    import pandas as pd

    prompts = rows.drop_duplicates("id").set_index("id").sort_index()
    reasons = prompts.prompt.map(forbidden.reason)
    if "routellm_mmlu_id" in prompts:
        named = prompts.routellm_mmlu_id.isin(eval_ids) & (reasons == "")
        reasons = reasons.mask(named, "id")
    # GSM8K's test set is an evaluation set: drop the source whole, whatever the text match says.
    source = prompts.domain.astype(str)
    reasons = reasons.mask((source == "gsm") & (reasons == ""), "source")
    kept = prompts[reasons == ""]
    counts = {"before": len(prompts)}
    counts |= {f"dropped_{k}": int(v) for k, v in sorted(reasons[reasons != ""].value_counts().items())}
    table = pd.pivot_table(
        rows[rows.id.isin(set(kept.index))].astype({"model": str, "score": float}),
        index="id",
        columns="model",
        values="score",
        aggfunc="mean",
    ).reindex(kept.index)
    table = table[sorted(table.columns)]
    domains = list(kept.domain.astype(str))
    scores = Scores(list(kept.prompt), domains, list(table.columns), table.to_numpy(float))
    return scores, counts | {"kept": len(kept)}
