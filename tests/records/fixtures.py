"""The hand-made files of tests/data/records, one in each format, and short ways to look at what was read."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from shared_router import Outcomes, Reading, read_outcomes
from shared_router.records.measures import Measure

FOLDER = Path(__file__).parents[1] / "data" / "records"
PROMPTS = ["What is 2+2?", "Name a prime above ten.", "Prove that the square root of two is irrational."]


def read(*names: str, **options: Any) -> Reading:
    """Read fixtures."""
    return read_outcomes(*(FOLDER / name for name in names), **options)


def column(outcomes: Outcomes, measure: Measure, model: str) -> list[float | None]:
    """Return a column with None for NaN, which equals itself."""
    return [None if math.isnan(value) else value for value in outcomes.column(measure, model).tolist()]


def of_first(outcomes: Outcomes, model: str) -> dict[str, float]:
    """Return what was measured of a model's answer to the first prompt."""
    found = {name: outcomes.column(name, model)[0] for name in outcomes.values}
    return {name: float(value) for name, value in found.items() if not math.isnan(value)}
