"""What came of asking models: one row a prompt, and for each model its grade, tokens, dollars and answer.

A log holds one model's answer a prompt, mostly without a grade: that is enough for shares and budgets, not
for quality (`Outcomes.can_compute`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from shared_router.choices import shown
from shared_router.errors import UnknownNameError
from shared_router.messages import AnyMessage, PlainMessage
from shared_router.records.computable import Computable, computable
from shared_router.records.measures import MEASURES, Measure
from shared_router.records.selection import graded_by_both, select
from shared_router.records.validity import check_outcomes, equal_outcomes

if TYPE_CHECKING:
    from shared_router.costs.prices import TokenPrices

T = TypeVar("T")
ByModel = Mapping[str, Sequence[float | None] | NDArray[np.float64]]


@dataclass(frozen=True, slots=True, eq=False)
class Outcomes:
    """Prompts, and what came of asking models for an answer to each.

    Stored as one row an answer, by prompt and then by model, so that a log stays small; the accessors give
    dense columns, NaN where there is no value. `from_columns` makes one by hand, `read_outcomes` from a file.

    Attributes:
        prompts: The texts that are routed, n of them, none blank. Not in the repr.
        models: The models' names, m of them, none twice.
        prompt_index: Which prompt each answer is for, shape (a,).
        model_index: Which model gave each answer, shape (a,).
        values: For each measure that any answer has, its values, shape (a,), NaN where absent. Scores are
            in [0, 1], all others >= 0. Input tokens count cached ones, output tokens reasoning ones.
        texts: What each answer says, a texts or None, or None where no answer was kept. Not in the repr.
        samples: Further answers of the same model, a tuples, or None. Not in the repr.
        domains: What each prompt is about, n names or None, or None where no prompt has one.
        conversations: Which conversation or agent run each prompt belongs to, as `domains`.
        times: When each prompt was asked, seconds since 1970 in UTC, shape (n,), NaN where unknown; or None.
        messages: The conversation that each prompt ends, for routers that read them, as `domains`.
        sample_scores: The grades that `score` is the mean of where there are several, a tuples, or None.

    Raises:
        DataError: If a column breaks its rule; the message holds no prompt.
    """

    prompts: Sequence[str] = field(repr=False)
    models: tuple[str, ...]
    prompt_index: NDArray[np.int64] = field(repr=False)
    model_index: NDArray[np.int64] = field(repr=False)
    values: Mapping[Measure, NDArray[np.float64]] = field(repr=False)
    texts: Sequence[str | None] | None = field(default=None, repr=False)
    samples: Sequence[tuple[str, ...]] | None = field(default=None, repr=False)
    domains: Sequence[str | None] | None = field(default=None, repr=False)
    conversations: Sequence[str | None] | None = field(default=None, repr=False)
    times: NDArray[np.float64] | None = field(default=None, repr=False)
    messages: Sequence[Sequence[PlainMessage] | None] | None = field(default=None, repr=False)
    sample_scores: Sequence[tuple[float, ...]] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Check every column once, so that nothing that computes with them need."""
        check_outcomes(self)
        for array in (self.prompt_index, self.model_index, *self.values.values(), self.times):
            if array is not None:
                array.setflags(write=False)

    @classmethod
    def from_columns(
        cls,
        prompts: Sequence[str | Sequence[AnyMessage]],
        scores: ByModel | None = None,
        *,
        domains: Sequence[str | None] | None = None,
        conversations: Sequence[str | None] | None = None,
        times: Sequence[float] | NDArray[np.float64] | None = None,
        answers: Mapping[str, Sequence[str | None]] | None = None,
        samples: Mapping[str, Sequence[Sequence[str]]] | None = None,
        sample_scores: Mapping[str, Sequence[Sequence[float]]] | None = None,
        measures: Mapping[Measure, ByModel] | None = None,
    ) -> Outcomes:
        """Make outcomes of columns by model.

        Args:
            prompts: The texts, n of them, or in a text's place a conversation's messages.
            scores: For each model n grades in [0, 1]; None or NaN where it has none.
            domains: n names or None; so are `conversations`.
            conversations: See `domains`.
            times: n numbers, seconds since 1970.
            answers: For each model n texts or None; `samples` n sequences of further answers.
            samples: See `answers`.
            sample_scores: In a model's `scores`' place n sequences of grades, one an answer, all of it.
            measures: The further columns, for example `{"dollars": {"gpt": [...], "mixtral": [...]}}`.

        Returns:
            A table, its models in the order in which the columns name them; one without an entry is absent.

        Raises:
            DataError: If a column has another length than the prompts, or breaks its rule.
        """
        from shared_router.records.columns import outcomes_of_columns

        return outcomes_of_columns(
            prompts,
            {**({} if scores is None else {"score": scores}), **(measures or {})},
            answers=answers or {},
            samples=samples or {},
            sample_scores=sample_scores or {},
            domains=domains,
            conversations=conversations,
            times=times,
        )

    def __len__(self) -> int:
        """Count the prompts."""
        return len(self.prompts)

    def __eq__(self, other: object) -> bool:
        """Say whether all columns are equal, NaN for NaN."""
        return equal_outcomes(self, other) if isinstance(other, Outcomes) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def column(self, measure: Measure, model: str) -> NDArray[np.float64]:
        """Return one measure of one model for every prompt, shape (n,), NaN where it has no such value.

        Args:
            measure: One of `MEASURES`, for example `"dollars"`.
            model: The model's name.

        Raises:
            UnknownNameError: If there is no such measure or model.
        """
        if measure not in MEASURES:
            raise UnknownNameError(f"a measure must be one of {list(MEASURES)}, got {shown(measure)}")
        chosen = self.model_index == self._place(model)
        dense = np.full(len(self), np.nan)
        if measure in self.values:
            dense[self.prompt_index[chosen]] = self.values[measure][chosen]
        return dense

    def matrix(self, measure: Measure) -> NDArray[np.float64]:
        """Return one measure of all models, shape (n, m), NaN where absent."""
        return np.column_stack([self.column(measure, model) for model in self.models])

    def scores(self, model: str) -> NDArray[np.float64]:
        """Return a model's grades, shape (n,), in [0, 1], NaN where absent."""
        return self.column("score", model)

    def dollars(self, model: str) -> NDArray[np.float64]:
        """Return what a model's answers cost, shape (n,), NaN where unknown."""
        return self.column("dollars", model)

    def answers(self, model: str) -> list[str | None]:
        """Return a model's answers, n texts; None where there is none or it was not kept."""
        return self._by_prompt(model, self.texts, None)

    def samples_of(self, model: str) -> list[tuple[str, ...]]:
        """Return a model's further answers, n tuples, empty where it has none."""
        return self._by_prompt(model, self.samples, ())

    def sample_scores_of(self, model: str) -> list[tuple[float, ...]]:
        """Return each grade of a model's answers, n tuples; of one answer its score, of none nothing."""
        scores = self.scores(model).tolist()
        several = self._by_prompt(model, self.sample_scores, ())
        return [many or (() if one != one else (one,)) for many, one in zip(several, scores, strict=True)]

    def answered(self, model: str) -> NDArray[np.bool_]:
        """Return which prompts the model answered, graded or not, shape (n,)."""
        return np.isin(np.arange(len(self)), self.prompt_index[self.model_index == self._place(model)])

    def pair(self, strong: str, weak: str) -> Outcomes:
        """Keep two models and the prompts on which both have a grade.

        Args:
            strong: The strong model's name; it comes first.
            weak: The weak model's name.

        Raises:
            UnknownNameError: If there is no such model.
            InvalidInputError: If they are one model.
            DataError: If no prompt has both grades.
        """
        return self.select(graded_by_both(self, strong, weak), models=(strong, weak))

    def select(self, rows: Iterable[int], *, models: Sequence[str] | None = None) -> Outcomes:
        """Return the prompts at the given places, in the given order, with all models or some.

        Args:
            rows: Places from 0; one may stand there several times, as in a bootstrap.
            models: The models to keep, in their new order; None keeps all.

        Raises:
            UnknownNameError: If there is no such model.
            DataError: If no row is left, or a place is none.
        """
        chosen = np.asarray(rows if isinstance(rows, np.ndarray) else list(rows), dtype=np.int64)
        return select(self, chosen, tuple(self.models if models is None else models))

    @property
    def can_compute(self) -> Computable:
        """What these outcomes are enough for."""
        return computable(self)

    def with_prices(self, prices: Mapping[str, TokenPrices]) -> Outcomes:
        """Compute the dollars of answers that have tokens and no dollars.

        Args:
            prices: Prices by model's name, of some of the models or all.

        Raises:
            InvalidInputError: If a price is for no model here, or none here has tokens.
        """
        from shared_router.records.pricing import with_prices

        return with_prices(self, prices)

    def to_jsonl(self, path: str | Path) -> None:
        """Write the table as a file that `read_outcomes` reads back, one JSON object a prompt."""
        from shared_router.records.saving import save_jsonl

        save_jsonl(self, path)

    def to_parquet(self, path: str | Path) -> None:
        """Write the table as a Parquet file that `read_outcomes` reads back; needs the extra `eval`."""
        from shared_router.records.saving import save_parquet

        save_parquet(self, path)

    def _by_prompt(self, model: str, column: Sequence[T] | None, absent: T) -> list[T]:
        place, found = self._place(model), [absent] * len(self)
        if column is not None:
            for row in np.flatnonzero(self.model_index == place).tolist():
                found[self.prompt_index[row]] = column[row]
        return found

    def _place(self, model: str) -> int:
        if model not in self.models:
            raise UnknownNameError(f"a model must be one of {sorted(self.models)}, got {shown(model)}")
        return self.models.index(model)
