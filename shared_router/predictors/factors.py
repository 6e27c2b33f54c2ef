"""Matrix factorization of grades (EmbedLLM, arXiv 2410.02223): a vector a model, a projection of the query.

    P(grade of m on q) = sigmoid(v_m . (W e_q + c) + u . e_q + b_m)

EmbedLLM multiplies the two vectors entry by entry and reads the product with a linear layer of two outputs,
which is this form with the layer taken into v_m. Differences: grades between 0 and 1 are taken as they are,
the width is 32 and not 232, and u lets a query be easy for all models, which the paper leaves to v.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from shared_router.embedding.shipped import DEFAULT_EMBEDDER
from shared_router.predictors.bilinear import Bilinear, BilinearTraining
from shared_router.predictors.protocol import QualityPredictor

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from shared_router.embedding.protocol import Embedder
    from shared_router.predictors.grades import Grades


class FactorsPredictor(QualityPredictor):
    """Predict grades by factors that are learned of queries and models together.

    Args:
        embedder: Text to vectors, or the name of a shipped embedder.
        dim: How many factors, >= 1.
        epochs: Passes over the prompts, >= 1.
        learning_rate: Adam's at first, > 0.
        l2: The penalty on the weights, >= 0.
        seed: Decides the first weights and the order.

    Raises:
        InvalidInputError: If an argument is outside its range.
    """

    name: ClassVar[str] = "factors"
    _softplus: ClassVar[bool] = False

    def __init__(
        self,
        embedder: Embedder | str = DEFAULT_EMBEDDER,
        *,
        dim: int = 32,
        epochs: int = 30,
        learning_rate: float = 0.01,
        l2: float = 0.03,
        seed: int = 0,
    ) -> None:
        super().__init__(embedder)
        self.training = BilinearTraining(dim, epochs, learning_rate, l2, seed)

    def _qualities(self, unit: NDArray[np.float32]) -> NDArray[np.float64]:
        return self._bilinear.probabilities(unit)

    def _learn(self, unit: NDArray[np.float32], grades: Grades) -> None:
        self._bilinear = Bilinear.of(unit, grades, self.training, softplus=self._softplus)

    def _learn_model(self, unit: NDArray[np.float32], scores: NDArray[np.float64], column: int) -> None:
        self._bilinear = self._bilinear.with_model(unit, scores, column)

    def _arguments(self) -> dict[str, Any]:
        names = ("dim", "epochs", "learning_rate", "l2", "seed")
        return {name: getattr(self.training, name) for name in names}

    def _tensors(self) -> dict[str, NDArray[Any]]:
        return dict(self._bilinear.weights)

    def _restore(self, tensors: Mapping[str, NDArray[Any]]) -> None:
        self._bilinear = Bilinear.restored(tensors, self.width_, softplus=self._softplus)
