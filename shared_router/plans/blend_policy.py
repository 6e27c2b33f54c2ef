"""What stands where a router would, before a blend: every question goes to all models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from shared_router.policy import RoutingPolicy
from shared_router.router import Router

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class AskEveryModel(Router):
    """Say nothing of a question: a blend asks every model."""

    name: ClassVar[str] = "ask_every_model"
    blocking = False

    def win_probability(self, queries: Sequence[str]) -> NDArray[np.float64]:
        """Return 1 for each query, which sends it to the first of the models."""
        import numpy as np

        return np.ones(len(queries))


class BlendPolicy(RoutingPolicy):
    """Decide what is decided without a score: a caller's own choice, what one model alone can do.

    Args:
        models: The models' names, in the order in which they count.
        on_no_query: Where a request without a question goes: `"strong"` (the first), `"weak"` (the last) or
            a model's name.

    Raises:
        InvalidInputError: If `on_no_query` is none of them.
    """

    def __init__(self, models: Sequence[str], *, on_no_query: str = "strong") -> None:
        self.models = tuple(models)
        super().__init__(AskEveryModel(), threshold=0.0, on_no_query=on_no_query)

    def choose(self, win_probability: float, threshold: float, candidates: Sequence[str]) -> str:
        """Return the first of the models that can serve a request."""
        del win_probability, threshold
        return next(model for model in self.models if model in candidates)

    def __repr__(self) -> str:
        """Show the models."""
        return f"BlendPolicy({list(self.models)})"
