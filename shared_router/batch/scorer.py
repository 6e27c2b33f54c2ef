"""`RouterScorer`: batches of rows in, the same with a win probability out; for Ray, Spark and here."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

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

    def __call__(self, batch: Mapping[str, Any]) -> dict[str, Any]:
        """Return a batch with the column `win_probability`.

        Args:
            batch: Columns by name, each n values; that of the prompts holds texts, or None.

        Returns:
            The same columns, and float64 scores of shape (n,): in [0, 1], NaN for what is no text and for a
            text that the router fails on.

        Raises:
            DataError: If the column of the prompts is not there.
            Exception: What the router raises where it fails on every text.
        """
        if self.column not in batch:
            raise DataError(no_column(self.column, batch))
        return {**batch, SCORE: self.scores(batch[self.column])}

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
            if self.column not in frame.columns:
                raise DataError(no_column(self.column, frame.columns))
            yield frame.assign(**{SCORE: self.scores(frame[self.column])})


def no_column(wanted: str, there: Iterable[Any]) -> str:
    """Return what is said of rows without the column that is read."""
    return f"rows must have the column {wanted!r}, and theirs are {sorted(map(str, there))[:20]}"


def _made(router: str | Path | None, column: str, expected_sha256: str | None) -> RouterScorer:
    return RouterScorer(router, column=column, expected_sha256=expected_sha256)
