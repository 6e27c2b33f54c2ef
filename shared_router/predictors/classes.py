"""The predictors by name, for what is saved and loaded with one inside."""

from shared_router.choices import shown
from shared_router.errors import UnknownNameError
from shared_router.predictors.clusters import ClustersPredictor
from shared_router.predictors.factors import FactorsPredictor
from shared_router.predictors.item_response import ItemResponsePredictor
from shared_router.predictors.mixed import MixedPredictor
from shared_router.predictors.neighbors import NeighborsPredictor
from shared_router.predictors.protocol import QualityPredictor

_CLASSES: tuple[type[QualityPredictor], ...] = (
    ClustersPredictor,
    FactorsPredictor,
    ItemResponsePredictor,
    MixedPredictor,
    NeighborsPredictor,
)


def predictor_class(name: str) -> type[QualityPredictor]:
    """Return the predictor class of that name.

    Raises:
        UnknownNameError: If there is none; the message lists those there are.
    """
    for found in _CLASSES:
        if found.name == name:
            return found
    raise UnknownNameError(
        f"a predictor must be one of {[each.name for each in _CLASSES]}, got {shown(name)}"
    )
