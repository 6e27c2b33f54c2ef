"""How much a battle weighs for a query: more the more its prompt resembles it (paper, section 4.2)."""

import math

import numpy as np
from numpy.typing import NDArray

_LEAST_SIMILARITY = 1e-6
# Weights below e^-80 of the largest would leave single precision and with them the graph of battles.
_LEAST_EXPONENT = -80.0


def similarity_weights(
    similarities: NDArray[np.float32], *, gamma: float, relative: bool
) -> NDArray[np.float32]:
    """Turn a query's cosines into `gamma ** s`, the largest weight 1; a common factor changes no fit.

    Args:
        similarities: The cosines to n prompts, shape (n,); overwritten with the weights.
        gamma: How much more the most similar one weighs than one without similarity, > 1.
        relative: Whether s is the cosine over the largest one; else it is the cosine.

    Returns:
        n weights in (0, 1].
    """
    largest = float(similarities.max())
    scale = math.log(gamma)
    if relative:
        scale = scale / largest if largest > _LEAST_SIMILARITY else 0.0
    exponents = similarities
    exponents *= np.float32(scale)
    exponents -= np.float32(scale * largest)
    if scale * (1 + largest) > -_LEAST_EXPONENT:
        np.maximum(exponents, np.float32(_LEAST_EXPONENT), out=exponents)
    weights: NDArray[np.float32] = np.exp(exponents, out=exponents)
    return weights
