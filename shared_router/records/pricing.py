"""Dollars of answers whose log holds tokens alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from shared_router.costs.prices import TokenPrices, check_prices
from shared_router.errors import DataError
from shared_router.records.measures import Measure

if TYPE_CHECKING:
    from shared_router.records.outcomes import Outcomes


_PARTS: tuple[Measure, ...] = ("cached_input_tokens", "cache_write_tokens", "reasoning_tokens")


def with_prices(outcomes: Outcomes, prices: Mapping[str, TokenPrices]) -> Outcomes:
    """Compute the dollars of answers that have tokens and no dollars; see `Outcomes.with_prices`."""
    check_prices(prices, outcomes.models)
    n = len(outcomes.prompt_index)
    dollars = outcomes.values.get("dollars", np.full(n, np.nan)).copy()
    sent, answered = _column(outcomes, "input_tokens"), _column(outcomes, "output_tokens")
    parts = {name: np.nan_to_num(_column(outcomes, name)).astype(np.int64) for name in _PARTS}
    for model, price in prices.items():
        rows = np.flatnonzero(
            (outcomes.model_index == outcomes.models.index(model))
            & np.isnan(dollars)
            & ~np.isnan(sent)
            & ~np.isnan(answered)
        )
        for row in rows.tolist():
            dollars[row] = price.dollars(
                input_tokens=int(sent[row]),
                output_tokens=int(answered[row]),
                cached_input_tokens=int(parts["cached_input_tokens"][row]),
                cache_write_tokens=int(parts["cache_write_tokens"][row]),
                reasoning_tokens=int(parts["reasoning_tokens"][row]),
            )
    if np.isnan(dollars).all():
        raise DataError("prices need answers with input and output tokens, and no priced model has any")
    return replace(outcomes, values={**outcomes.values, "dollars": dollars})


def unpriced_models(outcomes: Outcomes) -> tuple[str, ...]:
    """Return the models of which some answers have tokens and no dollars."""
    counted = ~np.isnan(_column(outcomes, "input_tokens")) & ~np.isnan(_column(outcomes, "output_tokens"))
    places = np.unique(outcomes.model_index[counted & np.isnan(_column(outcomes, "dollars"))])
    return tuple(outcomes.models[place] for place in places.tolist())


def _column(outcomes: Outcomes, measure: Measure) -> NDArray[np.float64]:
    return outcomes.values.get(measure, np.full(len(outcomes.prompt_index), np.nan))
