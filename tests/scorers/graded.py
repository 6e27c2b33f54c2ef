"""Graded answers to sums: the weak model writes some wrong results, hedges then, and breaks off."""

import numpy as np

from shared_router import Outcomes


def graded_sums(n: int = 120, *, seed: int = 0) -> Outcomes:
    """Return n prompts with a weak model that is right on about half, and a strong one that always is."""
    rng = np.random.default_rng(seed)
    prompts, answers, scores = [], [], []
    for a, b in rng.integers(2, 60, size=(n, 2)).tolist():
        good = bool(rng.integers(2))
        prompts.append(f"A shop sells {a} boxes of {b} pens. How many pens are that?")
        right = f"{a} * {b} = {a * b} pens.\n#### {a * b}"
        wrong = f"There are about {a} * {b} = {a * b + 7} pens, approximately, assuming the boxes are full"
        answers.append(right if good else wrong)
        scores.append(float(good))
    return Outcomes.from_columns(
        prompts,
        {"strong": [1.0] * n, "weak": scores},
        answers={"weak": answers, "strong": ["as it is"] * n},
    )
