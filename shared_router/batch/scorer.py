"""`RouterScorer`: batches of rows in, the same with a win probability out; for Ray, Spark and here."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import numpy as np
from numpy.typing import NDArray

from shared_router.errors import DataError, InvalidInputError
from shared_router.registry import load_router
from shared_router.router import Router
from shared_router.scoring.each import score_each
from shared_router.text import clean
from shared_router.win_probabilities import check_win_probabilities

if TYPE_CHECKING:
    import pandas as pd

SCORE = "win_probability"
_SHOWN = 60
"""So much of a column's name; in a table without a header, names are what somebody wrote."""


class RouterScorer:
    """Score the prompts of batches.

    A router is loaded once, when this is made, and again where a copy of it arrives in another process. With
    Ray Data, `dataset.map_batches(RouterScorer, fn_constructor_args=["static-v2"], compute=...)`; with Spark,
    `frame.mapInPandas(RouterScorer("static-v2").frames, schema)`.

    Args:
        router: As in `load_router`.
        column: The name of the column that holds the prompts.
        expected_sha256: See `router`.

    Raises:
        InvalidInputError: If the router is no name and no folder: one in memory cannot be loaded elsewhere.
        UnknownNameError: If no router has that name.
        ArtifactError: If the checkpoint is damaged, or not the expected one.
    """

    def __init__(
        self,
        router: str | Path | None = None,
        *,
        column: str = "prompt",
        expected_sha256: str | None = None,
    ) -> None:
        if isinstance(router, Router):
            raise InvalidInputError(
                "router must be a name or a folder, which other processes can load, got a router; save it "
                "and give its folder"
            )
        self.column = column
        self._made_from = (router, column, expected_sha256)
        self._router = load_router(router, expected_sha256=expected_sha256)

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel as what it was made from."""
        return _made, self._made_from

    @overload
    def __call__(self, batch: pd.DataFrame) -> pd.DataFrame: ...

    @overload
    def __call__(self, batch: Mapping[str, Any]) -> dict[str, Any]: ...

    def __call__(self, batch: Any) -> Any:
        """Return a batch with the column `win_probability`.

        Args:
            batch: Columns by name, each n values, a data frame or an Arrow table, as Ray's `batch_format`
                says; the column of the prompts holds texts, or None.

        Returns:
            The same, and float64 scores of shape (n,): in [0, 1], NaN for what is no text and for a text
            that the router fails on, null in an Arrow table.

        Raises:
            DataError: If the column of the prompts is not there.
            Exception: What the router raises where it fails on every text.
        """
        names = batch.column_names if _is_arrow(batch) else batch
        if self.column not in names:
            raise DataError(no_column(self.column, names))
        if _is_arrow(batch):
            return self._of_table(batch)
        scores = self.scores(batch[self.column])
        return {**batch, SCORE: scores} if isinstance(batch, Mapping) else batch.assign(**{SCORE: scores})

    def _of_table(self, table: Any) -> Any:
        import pyarrow as pa  # type: ignore[import-untyped]

        scores = pa.array(self.scores(table[self.column].to_pylist()), from_pandas=True)
        there = table.column_names
        if SCORE in there:
            return table.set_column(there.index(SCORE), SCORE, scores)
        return table.append_column(SCORE, scores)

    def scores(self, prompts: Iterable[object]) -> NDArray[np.float64]:
        """Return the win probabilities of prompts; see `__call__`."""
        values = list(prompts)
        texts = {i: clean(value) for i, value in enumerate(values) if isinstance(value, str)}
        scores = np.full(len(values), math.nan)
        if texts:
            scores[list(texts)] = self._of_texts(list(texts.values()))
        return scores

    def _of_texts(self, texts: list[str]) -> list[float]:
        try:
            return check_win_probabilities(self._router.win_probability(texts), len(texts))
        except Exception as error:  # noqa: BLE001  # a router may raise anything; it is raised again below
            outcomes = score_each(self._router, texts)
            if all(isinstance(outcome, Exception) for outcome in outcomes):
                raise error
        return [math.nan if isinstance(outcome, Exception) else float(outcome) for outcome in outcomes]

    def frames(self, frames: Iterable[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        """Yield frames with their scores, as Spark's `mapInPandas` asks a function to.

        Args:
            frames: Frames with the column of the prompts.

        Raises:
            DataError: If it is not there.
        """
        for frame in frames:
            yield self(frame)


def no_column(wanted: str, there: Iterable[Any]) -> str:
    """Return what is said of rows without the column that is read."""
    names = [name if len(name) <= _SHOWN else f"{name[:_SHOWN]}..." for name in sorted(map(str, there))]
    return f"rows must have the column {wanted!r}, and theirs are {names[:20]}"


def _is_arrow(batch: object) -> bool:
    return hasattr(batch, "column_names")


def _made(router: str | Path | None, column: str, expected_sha256: str | None) -> RouterScorer:
    return RouterScorer(router, column=column, expected_sha256=expected_sha256)
