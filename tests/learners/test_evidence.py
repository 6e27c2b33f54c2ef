"""The average over settings, computed the long way: with each setting's whole covariance of the rows."""

from itertools import product
from typing import Any

import numpy as np
import pytest

from shared_router.learners.evidence import (
    NONE,
    SHARES,
    STRENGTHS,
    Belief,
    Moments,
    average_by_evidence,
)

BELIEFS = [[Belief(0.9, 0.1, 0.004), Belief(0.1, 0.0, 0.02)], [Belief(1.0, 0.0, 0.03)]]


def rows(n: int = 14) -> dict[str, Any]:
    rng = np.random.default_rng(3)
    target = rng.normal(size=n)
    return {
        "blocks": [rng.normal(size=(n, 3)) / 2, rng.normal(size=(n, 2)) / 2],
        "scores": rng.normal(size=(n, 2)),
        "target": (target - target.mean()) / target.std(),
        "weights": rng.choice([1.0, 2.0], n),
    }


def long_way(data: dict[str, Any], asked: np.ndarray) -> float:
    """Return what the average says of one row: a Gaussian process for each setting, and Bayes' rule."""
    first, second = data["blocks"]
    z, t, n = data["scores"], data["target"], len(data["target"])
    log_evidence, said = [], []
    for share, strength, believed in product(SHARES, STRENGTHS, product(*BELIEFS)):
        if strength == 0 and share != SHARES[0]:
            continue
        m = np.array([each.mean for each in believed])
        u = np.diag([each.variance for each in believed])
        noise = max(1 - strength - sum(each.mean**2 + each.variance for each in believed), 0.3)
        parts = [strength * share, strength * (1 - share)]

        def kernel(a: list[Any], b: list[Any], parts: Any = parts, u: Any = u) -> Any:
            return parts[0] * a[0] @ b[0].T + parts[1] * a[1] @ b[1].T + a[2] @ u @ b[2].T + 0.05

        own = [first, second, z]
        covariance = kernel(own, own) + np.diag(noise / data["weights"])
        left = t - z @ m
        solved = np.linalg.solve(covariance, left)
        # a row of weight w counts as w rows: their noise's volume is w times one's, which no setting changes
        # but by its noise
        volume = np.linalg.slogdet(covariance)[1] + (data["weights"].sum() - n) * np.log(noise)
        beforehand = np.log([each.weight for each in believed]).sum() + NONE * (strength == 0)
        log_evidence.append(beforehand - (left @ solved + volume) / 2)
        row = [asked[None, :3], asked[None, 3:5], asked[None, 5:7]]
        said.append((asked[5:7] @ m + kernel(row, own) @ solved).item())
    weights = np.exp(np.array(log_evidence) - max(log_evidence))
    return float(weights @ np.array(said) / weights.sum())


def moments(data: dict[str, Any]) -> Moments:
    return Moments.of(data["blocks"], data["scores"], data["target"], data["weights"])


def test_the_average_is_that_of_all_settings_weighed_by_their_evidence() -> None:
    data = rows()
    asked = np.random.default_rng(5).normal(size=7)
    said = np.append(asked, 1.0) @ average_by_evidence(moments(data), BELIEFS).coefficients
    assert said == pytest.approx(long_way(data, asked), abs=1e-9)


def test_moments_of_parts_add_up() -> None:
    data = rows()

    def part(chosen: slice) -> Moments:
        blocks = [block[chosen] for block in data["blocks"]]
        return Moments.of(blocks, data["scores"][chosen], data["target"][chosen], data["weights"][chosen])

    first, second, whole = part(slice(0, 5)), part(slice(5, None)), moments(data)
    assert first.plus(second).products == pytest.approx(whole.products)
    assert whole.without(second).products == pytest.approx(first.products)
    assert whole.without(second).n == pytest.approx(first.n)


def test_few_rows_leave_slopes_near_what_is_believed_and_many_take_its_place() -> None:
    """The target falls with the score by its whole spread; beforehand a slope of .1 was expected."""
    for n, low, high in ((3, 0.0, 0.1), (3000, -1.1, -0.8)):
        score = np.random.default_rng(0).normal(size=(n, 1))
        empty = [np.zeros((n, 1)), np.zeros((n, 1))]
        noise = np.random.default_rng(1).normal(size=n) * 0.05
        found = average_by_evidence(
            Moments.of(empty, score, -score[:, 0] + noise, np.ones(n)), [[Belief(1.0, 0.1, 0.004)]]
        )
        assert low < found.coefficients[2] < high


def test_a_kernel_that_tells_the_target_gets_the_variance_and_noise_gets_none() -> None:
    rng = np.random.default_rng(0)
    useful, useless = rng.normal(size=(400, 1)), rng.normal(size=(400, 5))
    target = useful[:, 0] * 0.7 + rng.normal(size=400) * 0.7
    target = (target - target.mean()) / target.std()
    found = average_by_evidence(
        Moments.of([useful, useless], np.zeros((400, 1)), target, np.ones(400)), [[Belief(1.0, 0.0, 0.01)]]
    )
    assert found.strengths[0] > 5 * found.strengths[1]
    assert found.coefficients[0] == pytest.approx(0.7, abs=0.1)
    assert np.abs(found.coefficients[1:6]).max() < 0.1


def test_kernels_are_as_likely_to_tell_nothing_as_to_tell_anything() -> None:
    """One setting of 26 has no kernel and counts e^3 = 20.1 fold: 20.1 to 25 before any row."""
    n_others = len(SHARES) * (len(STRENGTHS) - 1)
    assert np.exp(NONE) / n_others == pytest.approx(0.80, abs=0.01)
    rng = np.random.default_rng(0)
    target = rng.normal(size=30)
    target = (target - target.mean()) / target.std()
    blocks = [rng.normal(size=(30, 8)), rng.normal(size=(30, 8))]
    found = average_by_evidence(
        Moments.of(blocks, np.zeros((30, 1)), target, np.ones(30)), [[Belief(1.0, 0.0, 0.01)]]
    )
    assert sum(found.strengths) < 0.02
