"""The answers of a table as they are gathered; what a model is measured at several times is averaged."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from shared_router.records.measures import Measure
from shared_router.records.prompt_rows import ABSENT
from shared_router.records.record import Record
from shared_router.records.scale import to_unit_scale
from shared_router.records.score_choice import choose_score
from shared_router.records.texts import Texts, TextsBuilder

_NAMED = "score "
"""Begins the name of a column that holds one of several kinds of score."""


class AnswerRows:
    """Gathers one row for each prompt and model.

    Args:
        keep_answers: Whether to keep what the models answered.

    Attributes:
        models: The place of each model by its name.
        repeated: How many answers came for a prompt and model that had that measure before.
    """

    def __init__(self, *, keep_answers: bool) -> None:
        self.models: dict[str, int] = {}
        self.repeated = 0
        self._keep_answers = keep_answers
        self._prompt = array("q")  # (answers,)
        self._model = array("i")
        self._latest = array("q")  # (prompts,): each prompt's latest answer
        self._earlier = array("q")  # (answers,): the answer before it to the same prompt
        self._columns: dict[str, array[float]] = {}
        self._repeats: dict[str, dict[int, list[float]]] = {}
        self._texts = TextsBuilder()
        self._text = array("q")
        self._samples: dict[int, tuple[str, ...]] = {}
        self._sample_scores: dict[int, tuple[float, ...]] = {}

    def __len__(self) -> int:
        return len(self._prompt)

    def add(self, prompt: int, model: str, record: Record) -> None:
        """Add a model's answer to the prompt in a row.

        Raises:
            UnicodeEncodeError: If the answer holds a lone surrogate.
        """
        place = self.models.setdefault(model, len(self.models))
        row = next((row for row in self.of_prompt(prompt) if self._model[row] == place), None)
        if row is None:
            row = len(self._prompt)
            self._prompt.append(prompt)
            self._model.append(place)
            self._text.append(ABSENT)
            self._earlier.append(self._latest[prompt])
            self._latest[prompt] = row
        self.measure(row, record)

    def of_prompt(self, prompt: int) -> Iterator[int]:
        """Yield the rows of the answers to a prompt, the latest first."""
        while len(self._latest) <= prompt:
            self._latest.append(ABSENT)
        row = self._latest[prompt]
        while row != ABSENT:
            yield row
            row = self._earlier[row]

    def measure(self, row: int, record: Record) -> None:
        """Add what a record says of the answer in a row."""
        repeats = False
        for name, value in record.values.items():
            if value is not None:
                repeats |= self._add_value(row, name, value)
        for score, value in record.scores.items():
            repeats |= self._add_value(row, _NAMED + score, value)
        self.repeated += repeats
        if record.sample_scores:
            self._sample_scores[row] = (*self._sample_scores.get(row, ()), *record.sample_scores)
        if not self._keep_answers:
            return
        further = record.samples
        if record.answer is not None:
            if self._text[row] == ABSENT:
                self._texts.append(record.answer)
                self._text[row] = len(self._texts) - 1
            # measured anew it is another answer, equal or not; else a row may only say more of the first
            elif repeats or self._texts[self._text[row]] != record.answer:
                further = (record.answer, *further)
        if further:
            self._samples[row] = (*self._samples.get(row, ()), *further)

    def indices(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the prompt and the model of each answer, shape (a,) each."""
        return np.array(self._prompt, dtype=np.int64), np.array(self._model, dtype=np.int64)

    def columns(
        self, score: str | tuple[str, ...] | None, *, usual: str | None = None
    ) -> dict[Measure, NDArray[np.float64]]:
        """Return what was measured, each of shape (a,), NaN where absent.

        Args:
            score: Which score to take where there are several kinds.
            usual: Which one is taken, where it is there, if none is named.

        Raises:
            DataError: If there are several kinds of score and none was named.
        """
        columns: dict[Measure, NDArray[np.float64]] = {}
        named: dict[str, NDArray[np.float64]] = {}
        for name in list(self._columns):
            if name.startswith(_NAMED):
                named[name.removeprefix(_NAMED)] = self._averaged(name)
            else:
                columns[name] = self._averaged(name)  # type: ignore[index]
        for place, source in choose_score(score, named, len(self), usual=usual):
            values = columns.setdefault("score", np.full(len(self), np.nan))
            values[place] = named[source][place]
            self._note_repeats(columns, _NAMED + source, place)
        if "score" in self._repeats:
            self._note_repeats(columns, "score", np.array(list(self._repeats["score"]), dtype=np.int64))
        return columns

    def texts(self, rows: NDArray[np.int64]) -> Texts | None:
        """Return some rows' answers, or None where none was kept."""
        if not len(self._texts):
            return None
        self._texts.append(None)  # place -1 is the last
        return self._texts.finish().take(np.array(self._text, dtype=np.int64)[rows])

    def samples(self, rows: NDArray[np.int64]) -> list[tuple[str, ...]] | None:
        """Return some rows' further answers, or None where there is none."""
        return [self._samples.get(row, ()) for row in rows.tolist()] if self._samples else None

    def sample_scores(
        self, rows: NDArray[np.int64], scale: tuple[float, float]
    ) -> list[tuple[float, ...]] | None:
        """Return the grades that some rows' scores are means of, on [0, 1]; None where no row has several.

        Known once `columns` has chosen the scores.

        Raises:
            ScaleError: If a grade is outside the scale.
        """
        graded = {
            row: tuple(to_unit_scale(np.array(grades, dtype=np.float64), scale).tolist())
            for row, grades in self._sample_scores.items()
        }
        return [graded.get(row, ()) for row in rows.tolist()] if graded else None

    def _add_value(self, row: int, name: str, value: float) -> bool:
        """Add a value, and say whether there was one."""
        column = self._columns.get(name)
        if column is None:
            column = self._columns[name] = array("d")
        if len(column) <= row:
            column.extend([math.nan] * (row + 1 - len(column)))
        before = column[row]
        column[row] = value
        if math.isnan(before):
            return False
        self._repeats.setdefault(name, {}).setdefault(row, [before]).append(value)
        return True

    def _averaged(self, name: str) -> NDArray[np.float64]:
        column = np.full(len(self), np.nan)
        column[: len(self._columns[name])] = self._columns[name]
        for row, values in self._repeats.get(name, {}).items():
            column[row] = math.fsum(values) / len(values)
        return column

    def _note_repeats(
        self, columns: dict[Measure, NDArray[np.float64]], name: str, rows: NDArray[np.int64]
    ) -> None:
        """Write how many grades the scores of some rows are the mean of, and their variance."""
        repeats = self._repeats.get(name, {})
        for row in rows.tolist():
            if grades := repeats.get(row):
                self._sample_scores[row] = tuple(grades)
                columns.setdefault("grades", np.full(len(self), np.nan))[row] = len(grades)
                variance = columns.setdefault("score_variance", np.full(len(self), np.nan))
                variance[row] = np.var(grades, ddof=1)
