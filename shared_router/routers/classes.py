"""Which router classes there are, by the name that a checkpoint's kind and a command line call them."""

from importlib import import_module

from shared_router.choices import shown
from shared_router.errors import UnknownNameError
from shared_router.router import Router

CLASSES = {
    "bert": "shared_router.routers.bert:BertRouter",
    "calibrated": "shared_router.calibrated:CalibratedRouter",
    "causal_lm": "shared_router.routers.causal_lm:CausalLMRouter",
    "general": "shared_router.routers.general:GeneralRouter",
    "knn": "shared_router.routers.knn:KNNRouter",
    "local": "shared_router.routers.local:LocalRouter",
    "matrix_factorization": "shared_router.routers.matrix_factorization:MatrixFactorizationRouter",
    "online": "shared_router.routers.online:OnlineRouter",
    "random": "shared_router.routers.random:RandomRouter",
    "similarity_weighted": "shared_router.routers.similarity_weighted:SimilarityWeightedRouter",
    "static": "shared_router.routers.static:StaticRouter",
}


def router_class(name: str) -> type[Router]:
    """Return the router class of that name; its module is imported only now.

    Args:
        name: The name that the class has in a checkpoint, such as `"local"` or `"bert"`.

    Raises:
        UnknownNameError: If there is none; the message lists those there are.
    """
    if not isinstance(name, str) or name not in CLASSES:
        raise UnknownNameError(f"a router class must be one of {sorted(CLASSES)}, got {shown(name)}")
    module, attribute = CLASSES[name].split(":")
    found: type[Router] = getattr(import_module(module), attribute)
    return found
