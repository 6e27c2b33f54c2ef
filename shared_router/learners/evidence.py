"""Linear regression on kernels and known scores, all settings of it averaged by how well each foretells.

The model of a standardised target is

    t = sum_b sqrt(v_b) phi_b w_b + sum_j z_j s_j + constant + noise,   w ~ N(0, 1),  s_j ~ N(m_j, u_j)

for blocks b of kernel features and scores z_j that are known to be worth something beforehand, such as
another router's. How strong a kernel (v), how sure a score (m, u), is not chosen: each setting of a grid is
weighed with its evidence, the probability it gives to the targets. By the chain rule that is the product of
how well it foretells each target from those before it, so a setting counts as much as it would have earned on
rows it had not seen; few rows leave the weights near what they were beforehand. As every setting's mean is
linear, so is their average: one vector of coefficients is all that is kept (MacKay, 1992; Rasmussen and
Williams, 2006, chapter 5).

Everything is computed from the rows' moments, which add up: a fold's are those of all rows less its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SHARES = (0.0, 0.2, 0.5, 0.8, 1.0)
"""The first block's share of the kernels' variance."""

STRENGTHS = (0.0, 0.01, 0.03, 0.1, 0.25, 0.5)
"""The kernels' share of the target's variance."""

NONE = 3.0
"""How much likelier than any other setting it is beforehand that the kernels tell nothing, as a logarithm:
about as likely as all the others together."""

_LEAST_NOISE = 0.3
_CONSTANT = 0.05
"""The variance of the constant, beside a standardised target's 1."""


@dataclass(frozen=True, slots=True)
class Belief:
    """What is believed of a score's slope beforehand, one of several.

    Attributes:
        weight: How likely it is, in (0, 1].
        mean: The slope expected: standard deviations of the target by one of the score.
        variance: How far it may be off, > 0.
    """

    weight: float
    mean: float
    variance: float


@dataclass(frozen=True)
class Moments:
    """The weighted products of columns `[first block, second block, scores, 1, target]`.

    Attributes:
        products: Shape (p, p).
        n: The sum of the weights.
        sizes: How many columns the first block, the second and the scores have.
    """

    products: Floats
    n: float
    sizes: tuple[int, int, int]

    @classmethod
    def of(cls, blocks: Sequence[Floats], scores: Floats, target: Floats, weights: Floats) -> Moments:
        """Sum the products of n rows.

        Args:
            blocks: Two blocks of kernel features, shapes (n, m_b).
            scores: Shape (n, J).
            target: Shape (n,), mean 0 and standard deviation 1 over all rows.
            weights: Shape (n,), > 0.
        """
        columns = np.concatenate([*blocks, scores, np.ones((len(target), 1)), target[:, None]], axis=1)
        sizes = (blocks[0].shape[1], blocks[1].shape[1], scores.shape[1])
        return cls((columns * weights[:, None]).T @ columns, float(weights.sum()), sizes)

    def without(self, other: Moments) -> Moments:
        """Return the moments of the rows that the other's are not of."""
        return Moments(self.products - other.products, self.n - other.n, self.sizes)

    def plus(self, other: Moments) -> Moments:
        """Return the moments of both."""
        return Moments(self.products + other.products, self.n + other.n, self.sizes)


@dataclass(frozen=True)
class Averaged:
    """The average of all settings.

    Attributes:
        coefficients: Of `[first block, second block, scores, 1]`, shape (p - 1,).
        strengths: The kernels' mean shares of the variance, first block and second.
    """

    coefficients: Floats
    strengths: tuple[float, float]


def average_by_evidence(moments: Moments, beliefs: Sequence[Sequence[Belief]]) -> Averaged:
    """Weigh every setting with its evidence and return their mean.

    Args:
        moments: The rows'.
        beliefs: For each score what may be believed of its slope.
    """
    found = [_settings(moments, share, beliefs) for share in SHARES]
    evidence = np.concatenate([each.evidence for each in found])
    weights = np.exp(evidence - evidence.max())
    weights /= weights.sum()
    parts = np.split(weights, np.cumsum([len(each.evidence) for each in found])[:-1])
    coefficients = np.sum([each.mean(part) for each, part in zip(found, parts, strict=True)], axis=0)
    kernels = np.sum([part @ each.kernels for each, part in zip(found, parts, strict=True)], axis=0)
    return Averaged(coefficients, (float(kernels[0]), float(kernels[1])))


@dataclass(frozen=True)
class _Settings:
    """Settings of one share: the evidence, the coefficients in the kernels' own axes, and the slopes."""

    evidence: Floats
    along_axes: Floats
    slopes: Floats
    kernels: Floats
    axes: Floats

    def mean(self, weights: Floats) -> Floats:
        return np.concatenate([self.axes @ (weights @ self.along_axes), weights @ self.slopes])


def _settings(moments: Moments, share: float, beliefs: Sequence[Sequence[Belief]]) -> _Settings:
    n_first, n_second, n_scores = moments.sizes
    n_kernel = n_first + n_second
    scale = np.concatenate([np.full(n_first, np.sqrt(share)), np.full(n_second, np.sqrt(1 - share))])
    used = np.flatnonzero(scale)
    scale = scale[used]
    kernel = moments.products[np.ix_(used, used)] * np.outer(scale, scale)
    values, vectors = np.linalg.eigh(kernel)
    values = np.maximum(values, 0.0)
    # of the scores and the constant, and of the target, along the kernels' axes
    known = slice(n_kernel, n_kernel + n_scores + 1)
    of_scores = vectors.T @ (moments.products[used, known] * scale[:, None])
    of_target = vectors.T @ (moments.products[used, -1] * scale)
    scores, with_target = moments.products[known, known], moments.products[known, -1]
    square = float(moments.products[-1, -1])
    found: list[tuple[float, Floats, Floats, float]] = []
    for strength, believed in product(STRENGTHS, product(*beliefs)):
        if strength == 0.0 and share != SHARES[0]:
            continue  # no kernel at all, whatever its shares: once is enough
        means = np.array([*(each.mean for each in believed), 0.0])
        variances = np.array([*(each.variance for each in believed), _CONSTANT])
        noise = max(1 - strength - sum(each.mean**2 + each.variance for each in believed), _LEAST_NOISE)
        pull = strength / (noise + strength * values)
        left_target = of_target - of_scores @ means
        left_known = with_target - scores @ means
        left_square = square - 2 * means @ with_target + means @ scores @ means
        with_left = (left_known - of_scores.T @ (pull * left_target)) / noise
        precision = np.diag(1 / variances) + (scores - of_scores.T @ (pull[:, None] * of_scores)) / noise
        moved = np.linalg.solve(precision, with_left)
        misfit = (left_square - pull @ left_target**2) / noise - with_left @ moved
        volume = moments.n * np.log(noise) + np.log1p(strength * values / noise).sum()
        volume += np.linalg.slogdet(precision)[1] + np.log(variances).sum()
        beforehand = sum(np.log(each.weight) for each in believed) + (NONE if strength == 0.0 else 0.0)
        along = pull * (left_target - of_scores @ moved)
        found.append((beforehand - (misfit + volume) / 2, along, means + moved, strength))
    evidence, along_axes, slopes, strengths = zip(*found, strict=True)
    axes = np.zeros((n_kernel, len(used)))
    axes[used] = scale[:, None] * vectors
    kernels = np.outer(strengths, [share, 1 - share])
    return _Settings(np.array(evidence), np.array(along_axes), np.array(slopes), kernels, axes)
