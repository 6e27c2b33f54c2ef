"""Dollars as whole billionths: sums of them are exact, and a limit that is never passed needs that."""

from __future__ import annotations

import math

MOST_DOLLARS = 9_000_000.0
"""The largest budget: its billionths are whole numbers that every store, Redis's Lua too, holds exactly."""

LEAST_DOLLARS = 1e-9
"""The smallest one: a billionth."""

_BILLION = 10**9
_NO_MONEY = 0.0005


def rounded_up(dollars: float) -> int:
    """Return dollars as billionths, never less; a float's last digits are no money."""
    return math.ceil(dollars * _BILLION - _NO_MONEY)


def rounded_down(dollars: float) -> int:
    """Return dollars as billionths, never more."""
    return math.floor(dollars * _BILLION + _NO_MONEY)


def in_dollars(billionths: int) -> float:
    """Return billionths as dollars."""
    return billionths / _BILLION
