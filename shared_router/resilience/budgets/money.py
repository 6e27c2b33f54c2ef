"""Dollars as whole billionths: sums of them are exact, and a limit that is never passed needs that."""

from __future__ import annotations

import math

MOST_DOLLARS = 9_000_000.0
"""The largest budget: its billionths are whole numbers that every store, Redis's Lua too, holds exactly."""

_BILLION = 10**9


def rounded_up(dollars: float) -> int:
    """Return dollars as billionths, never less; what a float adds below a thousandth of one is no money."""
    return math.ceil(round(dollars * _BILLION, 3))


def rounded_down(dollars: float) -> int:
    """Return dollars as billionths, never more."""
    return math.floor(round(dollars * _BILLION, 3))


def in_dollars(billionths: int) -> float:
    """Return billionths as dollars."""
    return billionths / _BILLION
