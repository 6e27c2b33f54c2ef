"""Prices on the page: dollars for a million tokens of each model."""

from __future__ import annotations

import streamlit as st

from shared_router.costs.prices import TokenPrices
from shared_router.playground.settings import given_settings


def choose_prices(panel: str) -> dict[str, TokenPrices]:
    """Ask what each model's tokens cost; the command's prices until changed.

    Args:
        panel: Sets this panel's fields apart from another's.
    """
    found = {}
    for tier, given in given_settings().prices.items():
        sent, answered = st.columns(2)
        found[tier] = TokenPrices(
            _dollars(
                sent, f"{tier}: dollars per million input tokens", given.input_per_million_tokens, panel
            ),
            _dollars(
                answered, f"{tier}: dollars per million output tokens", given.output_per_million_tokens, panel
            ),
        )
    return found


def _dollars(column: st.delta_generator.DeltaGenerator, label: str, value: float, panel: str) -> float:
    given = column.number_input(label, min_value=0.0, value=value, step=0.05, key=f"{panel}-{label}")
    return float(given)
