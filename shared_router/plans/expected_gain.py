"""What the best of many models is expected to be better by than the cheapest, as a router's score."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from shared_router.plans.expected_dollars import ExpectedDollars
from shared_router.predictors.protocol import QualityPredictor
from shared_router.router import Router

Expected = tuple[NDArray[np.float64], NDArray[np.float64]]
"""A question's expected grades and costs, by model."""

_REMEMBERED = 512
"""Questions whose expectations are kept between being scored and being decided."""


class ExpectedGain(Router):
    """Score a question by what the best expected grade is above that of the cheapest model.

    Args:
        predictor: What expects grades.
        dollars: What expects costs; None takes the last model for the cheapest.
        models: The models' names, best first.
    """

    name: ClassVar[str] = "many_models"

    def __init__(
        self, predictor: QualityPredictor, dollars: ExpectedDollars | None, models: Sequence[str]
    ) -> None:
        self.name = predictor.name  # type: ignore[misc]
        self._predictor = predictor
        self._dollars = dollars
        self._models = tuple(models)
        self._seen: OrderedDict[str, Expected] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def blocking(self) -> bool:  # type: ignore[override]
        """Whether the predictor blocks."""
        return self._predictor.blocking

    def win_probability(self, queries: Sequence[str]) -> NDArray[np.float64]:
        """Return the gain of each question, shape (n,), in [0, 1]."""
        qualities, costs = self.qualities(queries), self.costs(queries)
        with self._lock:
            for query, quality, cost in zip(queries, qualities, costs, strict=True):
                self._seen[query] = quality, cost
            while len(self._seen) > max(_REMEMBERED, len(queries)):
                self._seen.popitem(last=False)
        # where nothing has a price, the last of the models is the cheapest
        cheapest = costs.shape[1] - 1 - costs[:, ::-1].argmin(axis=1)
        gain = qualities.max(axis=1) - qualities[np.arange(len(qualities)), cheapest]
        return np.asarray(np.clip(gain, 0.0, 1.0), dtype=np.float64)

    def expected(self, query: str) -> Expected:
        """Return a question's expected grades and costs, predicted again where they are not remembered."""
        with self._lock:
            known = self._seen.get(query)
        if known is None:  # its score was known from before
            known = self.qualities([query])[0], self.costs([query])[0]
        return known

    def qualities(self, queries: Sequence[str]) -> NDArray[np.float64]:
        """Return the expected grade of each model's answer, shape (n, m)."""
        known = self._predictor.models_ or ()
        columns = [known.index(model) for model in self._models]
        return np.asarray(self._predictor.qualities(queries)[:, columns])

    def costs(self, queries: Sequence[str]) -> NDArray[np.float64]:
        """Return the dollars of 1,000 calls like each query, 0 without prices, shape (n, m)."""
        if self._dollars is None:
            return np.zeros((len(queries), len(self._models)))
        return self._dollars.per_thousand(queries)

    def __getstate__(self) -> dict[str, Any]:
        """Leave what was asked, and the lock, out of pickles and copies."""
        return {name: value for name, value in self.__dict__.items() if name not in ("_seen", "_lock")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take what `__getstate__` gave."""
        self.__dict__.update(state, _seen=OrderedDict(), _lock=threading.Lock())
