"""The paper's three benchmarks as files: a checkout of RouteLLM, or the same answers as three tables.

RouteLLM keeps MMLU as 57 CSV files, GSM8K as one and MT-Bench as a judge's JSONL, each with a list of
contaminated prompts (`routellm/evals`). The tables are `routellm_mmlu.parquet`, `routellm_gsm8k.parquet` and
`routellm_mtbench.parquet`, one row an answer pair with `prompt`, `strong_score`, `weak_score`, `domain`,
`contaminated`, and `split`, whose value `gold` marks rows to learn from. MT-Bench is routed on its first turn
and scored by the mean of both, as RouteLLM does; its grades 1 to 10 are mapped to 0 to 1.
"""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shared_router.errors import DataError, MissingExtraError

STRONG, WEAK = "gpt-4-1106-preview", "mistralai/Mixtral-8x7B-Instruct-v0.1"
_OF_TEN = (1.0, 10.0)
_NAMES = {"mmlu": "MMLU", "gsm8k": "GSM8K", "mtbench": "MT-Bench"}


@dataclass(slots=True)
class BenchmarkRows:
    """One benchmark as it stands in its files, row by row.

    Attributes:
        name: What it is called.
        scale: The worst and the best grade that was given; here grades are in [0, 1].
        prompts: The texts that are routed.
        strong: The strong model's grades, in [0, 1].
        weak: The weak model's.
        domains: What each prompt is about.
        contaminated: Whether RouteLLM lists the prompt as close to its training data.
        gold: Whether the row is set aside to learn from.
    """

    name: str
    scale: tuple[float, float] = (0.0, 1.0)
    prompts: list[str] = field(default_factory=list, repr=False)
    strong: list[float] = field(default_factory=list, repr=False)
    weak: list[float] = field(default_factory=list, repr=False)
    domains: list[str] = field(default_factory=list, repr=False)
    contaminated: list[bool] = field(default_factory=list, repr=False)
    gold: list[bool] = field(default_factory=list, repr=False)

    def add(
        self, prompt: str, strong: float, weak: float, domain: str, *, contaminated: bool, gold: bool = False
    ) -> None:
        """Add a row."""
        self.prompts.append(prompt)
        self.strong.append(strong)
        self.weak.append(weak)
        self.domains.append(domain)
        self.contaminated.append(contaminated)
        self.gold.append(gold)


def read_rows(folder: Path) -> list[BenchmarkRows]:
    """Read the three benchmarks from a folder in either layout.

    Raises:
        DataError: If it is in neither, or a file breaks its rule.
        MissingExtraError: If it holds tables and pyarrow is not installed.
    """
    if (folder / "routellm_mmlu.parquet").is_file():
        return [_table(folder / f"routellm_{name}.parquet", shown) for name, shown in _NAMES.items()]
    for evals in (folder, folder / "evals", folder / "routellm" / "evals"):
        if (evals / "mmlu" / "responses").is_dir():
            return [_mmlu(evals / "mmlu"), _gsm8k(evals / "gsm8k"), _mt_bench(evals / "mt_bench")]
    raise DataError(
        "the folder of benchmarks must be a checkout of RouteLLM (routellm/evals) or hold "
        f"{', '.join(f'routellm_{name}.parquet' for name in _NAMES)}"
    )


def _mmlu(folder: Path) -> BenchmarkRows:
    rows, listed = BenchmarkRows(_NAMES["mmlu"]), _contaminated(folder)
    for path in sorted((folder / "responses").glob("mmlu_*.csv")):
        domain = path.stem.removeprefix("mmlu_")
        for row in _csv(path):
            prompt = row["prompt"]
            rows.add(prompt, _right(row, STRONG), _right(row, WEAK), domain, contaminated=prompt in listed)
    return rows


def _gsm8k(folder: Path) -> BenchmarkRows:
    rows, listed = BenchmarkRows(_NAMES["gsm8k"]), _contaminated(folder)
    for row in _csv(folder / "gsm8k_responses.csv"):
        prompt = row["prompt"]
        rows.add(prompt, _right(row, STRONG), _right(row, WEAK), "gsm8k", contaminated=prompt in listed)
    return rows


def _mt_bench(folder: Path) -> BenchmarkRows:
    rows, listed = BenchmarkRows(_NAMES["mtbench"], _OF_TEN), _contaminated(folder)
    grades: dict[tuple[Any, Any], list[float]] = defaultdict(list)
    for judged in _jsonl(folder / "judgements.jsonl"):
        grades[judged["question_id"], judged["model"]].append(float(judged["score"]))
    for question in _jsonl(folder / "question.jsonl"):
        strong, weak = (grades[question["question_id"], model] for model in (STRONG, WEAK))
        if strong and weak:
            unclean = not listed.isdisjoint(question["turns"])
            prompt, domain = question["turns"][0], question["category"]
            rows.add(prompt, _of_ten(strong), _of_ten(weak), domain, contaminated=unclean)
    return rows


def _table(path: Path, name: str) -> BenchmarkRows:
    try:
        from pyarrow import parquet  # type: ignore[import-untyped]
    except ModuleNotFoundError as error:
        raise MissingExtraError.of("pyarrow", "eval") from error
    if not path.is_file():
        raise DataError(f"the folder of benchmarks must hold {path.name}")
    found = sorted(parquet.read_table(path).to_pylist(), key=lambda row: str(row["id"]))
    rows = BenchmarkRows(name)
    if "turn" not in (found[0] if found else {}):
        for row in found:
            flags = {"contaminated": bool(row["contaminated"]), "gold": row["split"] == "gold"}
            rows.add(
                row["prompt"], float(row["strong_score"]), float(row["weak_score"]), row["domain"], **flags
            )
        return rows
    rows.scale = _OF_TEN
    turns: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in found:
        turns[row["id"].rsplit("-t", 1)[0]].append(row)
    for question in turns.values():
        first = min(question, key=lambda row: int(row["turn"]))
        strong, weak = (_of_ten([row[side] for row in question]) for side in ("strong_score", "weak_score"))
        unclean = any(row["contaminated"] for row in question)
        rows.add(first["prompt"], strong, weak, first["domain"], contaminated=unclean)
    return rows


def _contaminated(folder: Path) -> set[str]:
    return {str(pair["eval_prompt"]) for pair in _jsonl(folder / "contaminated_prompts.jsonl")}


def _csv(path: Path) -> list[dict[str, str]]:
    with _opened(path).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _jsonl(path: Path) -> list[dict[str, Any]]:
    with _opened(path).open(encoding="utf-8") as file:
        return [json.loads(line) for line in file if line.strip()]


def _opened(path: Path) -> Path:
    if not path.is_file():
        raise DataError(f"a checkout of RouteLLM must hold {path.parent.name}/{path.name}")
    return path


def _right(row: dict[str, str], model: str) -> float:
    value = row.get(model)
    if value not in ("True", "False"):
        raise DataError(f"a column {model} must say True or False")
    return float(value == "True")


def _of_ten(grades: list[float]) -> float:
    worst, best = _OF_TEN
    return (sum(grades) / len(grades) - worst) / (best - worst)
