"""The mean of nearest neighbours and item response theory: one looks near, the other everywhere.

On three sets of graded answers the mean ranked models as well as the better of the two or better
(`tests/benchmarks/n_models_quality.py`); it is what a policy over many models takes where none is named.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from shared_router.embedding.shipped import DEFAULT_EMBEDDER
from shared_router.predictors.item_response import ItemResponsePredictor
from shared_router.predictors.neighbors import NeighborsPredictor
from shared_router.predictors.protocol import QualityPredictor

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from shared_router.embedding.protocol import Embedder
    from shared_router.predictors.grades import Grades


class MixedPredictor(QualityPredictor):
    """Average what `NeighborsPredictor` and `ItemResponsePredictor` expect, both with their defaults.

    Args:
        embedder: Text to vectors, or the name of a shipped embedder; each query is embedded once.
        seed: Decides the first weights of the factors.
    """

    name: ClassVar[str] = "mixed"

    def __init__(self, embedder: Embedder | str = DEFAULT_EMBEDDER, *, seed: int = 0) -> None:
        super().__init__(embedder)
        self.seed = seed
        self._members = (NeighborsPredictor(embedder), ItemResponsePredictor(embedder, seed=seed))

    def _qualities(self, unit: NDArray[np.float32]) -> NDArray[np.float64]:
        near, everywhere = (member._qualities(unit) for member in self._members)
        return (near + everywhere) / 2

    def _learn(self, unit: NDArray[np.float32], grades: Grades) -> None:
        for member in self._members:
            member._learn(unit, grades)

    def _learn_model(self, unit: NDArray[np.float32], scores: NDArray[np.float64], column: int) -> None:
        for member in self._members:
            member._learn_model(unit, scores, column)

    def _arguments(self) -> dict[str, Any]:
        return {"seed": self.seed}

    def _tensors(self) -> dict[str, NDArray[Any]]:
        return {f"{m.name}.{name}": array for m in self._members for name, array in m._tensors().items()}

    def _restore(self, tensors: Mapping[str, NDArray[Any]]) -> None:
        for member in self._members:
            member.width_ = self.width_
            start = f"{member.name}."
            own = {name[len(start) :]: array for name, array in tensors.items() if name.startswith(start)}
            member._restore(own)
