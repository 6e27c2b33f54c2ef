"""The answers of a table as they are gathered; what a model is measured at several times is averaged."""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from shared_router.records.measures import Measure
from shared_router.records.prompt_rows import ABSENT
from shared_router.records.record import Record
from shared_router.records.score_choice import NamedScores
from shared_router.records.texts import Texts, TextsBuilder


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
        self.scores = NamedScores()
        self._keep_answers = keep_answers
        self._row_of: dict[tuple[int, int], int] = {}
        self._prompt = array("q")  # (answers,)
        self._model = array("i")
        self._values: dict[Measure, array[float]] = {}
        self._texts = TextsBuilder()
        self._text = array("q")
        self._samples: dict[int, tuple[str, ...]] = {}
        self._repeats: dict[int, dict[Measure, list[float]]] = {}

    def __len__(self) -> int:
        return len(self._prompt)

    def add(self, prompt: int, model: str, record: Record) -> None:
        """Add a model's answer to the prompt in a row.

        Raises:
            UnicodeEncodeError: If the answer holds a lone surrogate.
        """
        place = self.models.setdefault(model, len(self.models))
        row = None if record.key is None else self._row_of.get((prompt, place))
        if row is None:
            row = len(self._prompt)
            self._prompt.append(prompt)
            self._model.append(place)
            self._text.append(ABSENT)
            if record.key is not None:
                self._row_of[prompt, place] = row
        self.measure(row, record)

    def measure(self, row: int, record: Record) -> None:
        """Add what a record says of the answer in a row."""
        repeats = False
        for name, value in record.values.items():
            if value is not None:
                repeats |= self._add_value(row, name, value)
        for score, value in record.scores.items():
            repeats |= self.scores.add(score, row, value)
        self.repeated += repeats
        if not self._keep_answers:
            return
        further = record.samples
        if record.answer is not None:
            if self._text[row] == ABSENT:
                self._texts.append(record.answer)
                self._text[row] = len(self._texts) - 1
            elif self._texts[self._text[row]] != record.answer:
                further = (record.answer, *further)
        if further:
            self._samples[row] = (*self._samples.get(row, ()), *further)

    def of_prompts(self) -> Mapping[int, list[int]]:
        """Return the rows of the answers to each prompt that has a key."""
        found: dict[int, list[int]] = {}
        for (prompt, _), row in self._row_of.items():
            found.setdefault(prompt, []).append(row)
        return found

    def indices(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the prompt and the model of each answer, shape (a,) each."""
        return np.array(self._prompt, dtype=np.int64), np.array(self._model, dtype=np.int64)

    def columns(self, score: str | tuple[str, ...] | None) -> dict[Measure, NDArray[np.float64]]:
        """Return what was measured, each of shape (a,), NaN where absent.

        Raises:
            DataError: If there are several kinds of score and none was named.
        """
        for row, lists in self._repeats.items():
            for name, values in lists.items():
                self._column(name, row)[row] = math.fsum(values) / len(values)
            if len(grades := lists.get("score", [])) > 1:
                self._column("grades", row)[row] = len(grades)
                self._column("score_variance", row)[row] = float(np.var(grades, ddof=1))
        columns = {name: _padded(column, len(self)) for name, column in self._values.items()}
        self.scores.choose(score, columns, len(self))
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

    def _add_value(self, row: int, name: Measure, value: float) -> bool:
        """Add a value, and say whether there was one."""
        column = self._column(name, row)
        before = column[row]
        column[row] = value
        if math.isnan(before):
            return False
        self._repeats.setdefault(row, {}).setdefault(name, [before]).append(value)
        return True

    def _column(self, name: Measure, row: int) -> array[float]:
        """Return a measure's column, long enough to hold a row."""
        column = self._values.get(name)
        if column is None:
            column = self._values[name] = array("d")
        if len(column) <= row:
            column.extend([math.nan] * (row + 1 - len(column)))
        return column


def _padded(column: array[float], length: int) -> NDArray[np.float64]:
    padded = np.full(length, np.nan)
    padded[: len(column)] = column
    return padded
