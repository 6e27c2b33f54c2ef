"""Records to one table: rows of one prompt are joined by their key."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from typing import cast

import numpy as np
from numpy.typing import NDArray

from shared_router.errors import DataError
from shared_router.records.answer_rows import AnswerRows
from shared_router.records.measures import Measure
from shared_router.records.outcomes import Outcomes
from shared_router.records.prompt_rows import ABSENT, PromptRows
from shared_router.records.record import Record
from shared_router.records.scale import to_unit_scale
from shared_router.records.validity import MAX_NAME_CHARS


class OutcomesBuilder:
    """Gathers records and makes the table.

    Args:
        keep_answers: Whether to keep what the models answered.

    Attributes:
        left_out: How many rows were left out, by reason.
    """

    def __init__(self, *, keep_answers: bool = True) -> None:
        self.left_out: Counter[str] = Counter()
        self._prompts = PromptRows()
        self._answers = AnswerRows(keep_answers=keep_answers)
        self._currencies: set[str] = set()
        self._grades: dict[Hashable, list[Record]] = {}

    @property
    def repeated(self) -> int:
        """How many answers came from a model that had answered that prompt before."""
        return self._answers.repeated

    def add(self, records: Sequence[Record]) -> None:
        """Add what one row of a file holds, or count why it is left out.

        Args:
            records: Answers of one prompt. Those without a key are this row's alone.
        """
        row: int | None = None
        for record in records:
            if wrong := _fault(record):
                self.left_out[wrong] += 1
            elif record.model is None and record.prompt is None:
                self._grades.setdefault(record.key, []).append(record)
            else:
                row = self._add(record, row)

    def _add(self, record: Record, row: int | None) -> int | None:
        """Add a record to its prompt's row, or without a key to that of the record before; return the row."""
        try:
            if row is None or record.key is not None:
                row = self._prompts.add(record)
            if row is None:
                self.left_out["another prompt under an id that was used before"] += 1
            elif record.model is not None:
                self._answers.add(row, record.model, record)
        except UnicodeEncodeError:
            self.left_out["a lone surrogate, which is no text"] += 1
        if record.currency:
            self._currencies.add(record.currency.upper())
        return row

    def finish(
        self,
        *,
        scale: tuple[float, float],
        score: str | tuple[str, ...] | None,
        usual: str | None = None,
    ) -> Outcomes:
        """Return the table; the builder must not be used again.

        Args:
            scale: The worst and the best score.
            score: Which score to take where the log holds several; of several names the first that an
                answer has.
            usual: Which one is taken, where it is there, if none is named.

        Raises:
            DataError: If no prompt is left, costs are not all in dollars, or which score is meant is open.
            ScaleError: If a score is outside the scale.
        """
        self._check_currencies()
        self._join_grades()
        text_of = self._prompts.places()
        kept = np.flatnonzero(text_of != ABSENT)
        if without := len(text_of) - len(kept):
            self.left_out["an answer without its prompt; give the file of requests too"] += without
        if not len(kept):
            raise DataError(f"a file of records must hold a prompt with its text, got none; {self.why()}")
        row_of = np.full(len(text_of), ABSENT)
        row_of[kept] = np.arange(len(kept))
        prompt_index, model_index = self._answers.indices()
        prompt_index = row_of[prompt_index]
        order = np.lexsort((model_index, prompt_index))
        order = order[prompt_index[order] != ABSENT]
        values = {name: column[order] for name, column in self._measured(scale, score, usual).items()}
        return Outcomes(
            prompts=cast("Sequence[str]", self._prompts.texts.finish().take(text_of[kept])),
            models=tuple(self._answers.models),
            prompt_index=prompt_index[order],
            model_index=model_index[order],
            values={name: column for name, column in values.items() if not np.isnan(column).all()},
            texts=self._answers.texts(order),
            samples=self._answers.samples(order),
            sample_scores=self._answers.sample_scores(order, scale),
            domains=self._prompts.domains(kept),
            conversations=self._prompts.conversations(kept),
            times=self._prompts.times(kept),
            messages=self._prompts.messages(kept),
        )

    def why(self) -> str:
        """Return what was left out, in words."""
        counts = ", ".join(f"{count} x {reason}" for reason, count in self.left_out.most_common())
        return f"left out: {counts}" if counts else "nothing was left out"

    def _measured(
        self, scale: tuple[float, float], score: str | tuple[str, ...] | None, usual: str | None
    ) -> dict[Measure, NDArray[np.float64]]:
        """Return what was measured of each answer, scores on [0, 1]."""
        values = self._answers.columns(score, usual=usual)
        if "score" in values:
            values["score"] = to_unit_scale(values["score"], scale)
        if "score_variance" in values:
            values["score_variance"] /= (scale[1] - scale[0]) ** 2
        return values

    def _check_currencies(self) -> None:
        if self._currencies - {"USD"}:
            raise DataError(
                f"costs must be in US dollars (USD), got {sorted(self._currencies)}; convert them, or "
                "take the costs out of the file and give prices (--prices)"
            )

    def _join_grades(self) -> None:
        """Give grades that stand in rows of their own to the answer with their key."""
        for key, records in self._grades.items():
            row = self._prompts.find(key)
            found = [] if row is None else list(self._answers.of_prompt(row))
            for record in records:
                if found and (len(found) == 1 or record.of_first_answer):
                    self._answers.measure(found[-1], record)
                else:
                    reason = "that several answers could have" if found else "of no answer here"
                    self.left_out[f"a grade {reason}"] += 1


def _fault(record: Record) -> str | None:
    """Say why a record cannot stand in a table, without quoting it."""
    if record.prompt is not None and not record.prompt.strip():
        return "a blank prompt"
    if record.model is not None and not 0 < len(record.model.strip()) <= len(record.model) <= MAX_NAME_CHARS:
        return "no name of a model"
    for name, value in record.values.items():
        if value is not None and name != "score" and value < 0:
            return f"{name} below 0"
    return _token_fault(record.values)


def _token_fault(values: Mapping[Measure, float | None]) -> str | None:
    """Say where a part of the tokens is more than all of them."""
    sent, answered = values.get("input_tokens"), values.get("output_tokens")
    apart = (values.get("cached_input_tokens") or 0) + (values.get("cache_write_tokens") or 0)
    if sent is not None and apart > sent:
        return "more cached tokens than tokens sent"
    if answered is not None and (values.get("reasoning_tokens") or 0) > answered:
        return "more reasoning tokens than tokens answered"
    return None
