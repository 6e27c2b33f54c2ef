"""From prompts to outcomes: ask every model every prompt once, and grade the answers.

Stopped at any point, by Ctrl-C, a kill or a full budget, the same call goes on where it was: what the journal
holds is not asked again.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared_router.errors import InvalidInputError
from shared_router.records.collecting.asking import Ask, AskingLimits, Request, ask_all
from shared_router.records.collecting.journal import Journal, Reply, request_key
from shared_router.records.measures import Measure
from shared_router.records.outcomes import Outcomes

Grade = Callable[[str, str, str | None], float]
"""Takes a prompt, an answer and the prompt's reference or None, and returns a grade in [0, 1]."""

_MEASURES: tuple[Measure, ...] = (
    "input_tokens",
    "output_tokens",
    "cached_input_tokens",
    "reasoning_tokens",
    "dollars",
    "latency_ms",
)


@dataclass(frozen=True, slots=True)
class Collected:
    """What came of asking.

    Attributes:
        outcomes: The prompts with every answer that is there; a failed request has none.
        failed: How many requests failed for good, by the error's class.
        lost: How many requests a killed process had sent and nobody knows the answer to; `ask_lost=True`
            asks them again, and may pay for them twice.
        dollars: What all answers cost, this run's and earlier ones', as far as it is known.
        complete: Whether every request was sent; False where the limit in dollars ended it.
    """

    outcomes: Outcomes
    failed: Mapping[str, int]
    lost: int
    dollars: float
    complete: bool


def collect(
    prompts: Sequence[str],
    models: Mapping[str, Ask],
    *,
    journal: str | Path,
    grade: Grade | None = None,
    references: Sequence[str | None] | None = None,
    domains: Sequence[str | None] | None = None,
    limits: AskingLimits = AskingLimits(),  # noqa: B008 - frozen
    ask_lost: bool = False,
    progress: bool | None = None,
) -> Collected:
    """Ask every model every prompt, and grade what they answer.

    Args:
        prompts: The texts, n of them, none blank; equal ones are asked once.
        models: Whom to ask, by name, for example `{"strong": OpenAIModel("gpt-5"), "weak": ask}`: functions
            from a prompt to a `Reply` or a text, or coroutine functions. `lambda prompt:
            chat_model.invoke(prompt).text` asks a LangChain model, `lambda prompt: llm.complete(prompt).text`
            a LlamaIndex one. A function's `settings`, where it has some, tell its requests from others' in
            the journal.
        journal: The file that replies are kept in as they come; the same file goes on with the same run.
        grade: Grades each answer; None leaves them ungraded. See `shared_router.labels.grading`.
        references: The right answer to each prompt, n texts or None.
        domains: What each prompt is about, n names or None.
        limits: How many requests at a time, how long, how often and for how much.
        ask_lost: Whether to ask again what a killed process had sent.
        progress: Whether to show a bar with dollars and the time left; None shows it on a terminal.

    Returns:
        The outcomes, and what failed.

    Raises:
        InvalidInputError: If the lengths differ, a prompt is none, or a grade is none.
        DataError: If the journal is none.
        KeyboardInterrupt: At Ctrl-C, once what was sent has been kept.
    """
    rows = _distinct(prompts, models, references, domains)
    texts = [prompts[row] for row in rows]
    keys = {name: [_key(text, name, ask) for text in texts] for name, ask in models.items()}
    with Journal(journal) as kept:
        requests = [
            Request(keys[name][place], text, ask, _most_dollars(ask, text))
            for place, text in enumerate(texts)
            for name, ask in models.items()
        ]
        complete = _ask(requests, kept, limits, ask_lost, progress)
        wanted = {request.key for request in requests}
        replies = {name: [kept.replies.get(key) for key in keys[name]] for name in models}
        scores = None
        if grade is not None:
            given = [None] * len(prompts) if references is None else references
            scores = _grades(texts, replies, grade, [given[row] for row in rows])
        outcomes = Outcomes.from_columns(
            texts,
            scores,
            domains=None if domains is None else [domains[row] for row in rows],
            answers={
                name: [None if r is None else r.text for r in column] for name, column in replies.items()
            },
            measures=_measures(replies),
        )
        return Collected(
            outcomes,
            Counter(error for key, error in kept.failed.items() if key in wanted),
            len(kept.lost & wanted),
            sum(reply.dollars or 0.0 for key, reply in kept.replies.items() if key in wanted),
            complete,
        )


def _distinct(
    prompts: Sequence[str],
    models: Mapping[str, Ask],
    references: Sequence[str | None] | None,
    domains: Sequence[str | None] | None,
) -> list[int]:
    """Check the arguments, and return the first row of each distinct prompt."""
    if isinstance(prompts, str):
        raise InvalidInputError("prompts must be a sequence of texts, got one text; put it into a list")
    if not models:
        raise InvalidInputError("models must name at least one model to ask, got none")
    for name, column in {"references": references, "domains": domains}.items():
        if column is not None and len(column) != len(prompts):
            raise InvalidInputError(f"{name} must be one per prompt ({len(prompts)}), got {len(column)}")
    first: dict[str, int] = {}
    for row, prompt in enumerate(prompts):
        if not isinstance(prompt, str) or not prompt.strip():
            raise InvalidInputError(f"row {row}: a prompt must be text that is not blank")
        first.setdefault(prompt, row)
    if not first:
        raise InvalidInputError("prompts must hold at least one text, got none")
    return list(first.values())


def _key(prompt: str, name: str, ask: Ask) -> str:
    return request_key(prompt, str(getattr(ask, "model", name)), dict(getattr(ask, "settings", {})))


def _most_dollars(ask: Ask, prompt: str) -> float:
    bound = getattr(ask, "most_dollars", None)
    return float(bound(prompt)) if callable(bound) else 0.0


def _ask(
    requests: Sequence[Request], kept: Journal, limits: AskingLimits, ask_lost: bool, progress: bool | None
) -> bool:
    from tqdm.auto import tqdm

    shown = sys.stderr.isatty() if progress is None else progress
    with tqdm(total=len(requests), desc="asking", disable=not shown) as bar:
        return ask_all(requests, kept, limits, ask_lost=ask_lost, bar=bar)


def _grades(
    texts: Sequence[str],
    replies: Mapping[str, Sequence[Reply | None]],
    grade: Grade,
    references: Sequence[str | None],
) -> dict[str, list[float | None]]:
    return {
        name: [
            None if reply is None else _checked(grade(text, reply.text, reference), row)
            for row, (text, reply, reference) in enumerate(zip(texts, column, references, strict=True))
        ]
        for name, column in replies.items()
    }


def _checked(grade: Any, row: int) -> float:
    if isinstance(grade, (int, float)) and 0 <= grade <= 1:
        return float(grade)
    shown = repr(grade) if isinstance(grade, (int, float)) else type(grade).__name__
    raise InvalidInputError(f"row {row}: a grade must be a number in [0, 1], got {shown}")


def _measures(replies: Mapping[str, Sequence[Reply | None]]) -> dict[Measure, dict[str, list[float | None]]]:
    columns: dict[Measure, dict[str, list[float | None]]] = {}
    for measure in _MEASURES:
        by_model = {
            name: [None if reply is None else getattr(reply, measure) for reply in column]
            for name, column in replies.items()
        }
        if any(value is not None for column in by_model.values() for value in column):
            columns[measure] = by_model
    return columns
