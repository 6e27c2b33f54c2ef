"""What is in a table of outcomes: models, prompts, scores, what is missing, and what can be computed."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared_router.records.computable import Computable
from shared_router.records.measures import MEASURES, Measure
from shared_router.records.outcomes import Outcomes
from shared_router.text import prompt_key


@dataclass(frozen=True, slots=True)
class ModelSummary:
    """What one model has in a table.

    Attributes:
        model: Its name.
        answers: How many prompts it answered.
        graded: How many of them have a score.
        mean_score: The mean of these scores, in [0, 1]; None without any.
        missing: How many of its answers lack a measure that other answers in the table have.
        input_tokens: Their sum, None where unknown.
        output_tokens: Their sum, None where unknown.
        dollars: Their sum, None where unknown.
        latency_ms: The median and the 95th percentile, None where unknown.
    """

    model: str
    answers: int
    graded: int
    mean_score: float | None
    missing: dict[str, int]
    input_tokens: int | None
    output_tokens: int | None
    dollars: float | None
    latency_ms: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class Summary:
    """What is in a table.

    Attributes:
        prompts: How many prompts.
        duplicates: How many are equal to an earlier one, but for case and spacing.
        unanswered: How many no model answered.
        domains: How many prompts of each domain, most first; empty where no prompt has one.
        conversations: How many conversations, 0 where no prompt has one.
        first_time: When the first prompt was asked, seconds since 1970, or None.
        last_time: When the last was.
        models: What each model has, in the table's order.
        can_compute: What the table is enough for.
    """

    prompts: int
    duplicates: int
    unanswered: int
    domains: dict[str, int]
    conversations: int
    first_time: float | None
    last_time: float | None
    models: tuple[ModelSummary, ...]
    can_compute: Computable

    def as_json(self) -> dict[str, Any]:
        """Return the summary as plain lists, numbers and texts; none is a prompt."""
        return asdict(self)


def summary_of(outcomes: Outcomes) -> Summary:
    """Summarise a table; texts are looked at one by one, so that it may be larger than memory."""
    hashes = np.fromiter((_hash(prompt) for prompt in outcomes.prompts), np.uint64, len(outcomes))
    times = np.empty(0) if outcomes.times is None else outcomes.times[~np.isnan(outcomes.times)]
    return Summary(
        prompts=len(outcomes),
        duplicates=len(hashes) - len(np.unique(hashes)),
        unanswered=len(outcomes) - len(np.unique(outcomes.prompt_index)),
        domains=_domains(outcomes),
        conversations=len({name for name in outcomes.conversations or () if name is not None}),
        first_time=float(times.min()) if len(times) else None,
        last_time=float(times.max()) if len(times) else None,
        models=tuple(_model(outcomes, place) for place in range(len(outcomes.models))),
        can_compute=outcomes.can_compute,
    )


def _hash(prompt: str) -> int:
    return int.from_bytes(hashlib.blake2b(prompt_key(prompt).encode(), digest_size=8).digest(), "little")


def _domains(outcomes: Outcomes) -> dict[str, int]:
    counts: dict[str, int] = {}
    for name in outcomes.domains or ():
        if name is not None:
            counts[name] = counts.get(name, 0) + 1
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _model(outcomes: Outcomes, place: int) -> ModelSummary:
    answers = outcomes.model_index == place
    known: dict[Measure, NDArray[np.float64]] = {}
    for name in MEASURES:
        column = outcomes.values[name][answers] if name in outcomes.values else np.empty(0)
        known[name] = column[~np.isnan(column)]
    n_answers = int(answers.sum())
    latency = known["latency_ms"]
    return ModelSummary(
        model=outcomes.models[place],
        answers=n_answers,
        graded=len(known["score"]),
        mean_score=float(known["score"].mean()) if len(known["score"]) else None,
        missing={
            name: lacking
            for name in outcomes.values
            if name not in ("grades", "score_variance") and (lacking := n_answers - len(known[name]))
        },
        input_tokens=_total(known["input_tokens"]),
        output_tokens=_total(known["output_tokens"]),
        dollars=float(known["dollars"].sum()) if len(known["dollars"]) else None,
        latency_ms=(float(np.median(latency)), float(np.percentile(latency, 95))) if len(latency) else None,
    )


def _total(counts: NDArray[np.float64]) -> int | None:
    return int(counts.sum()) if len(counts) else None
