"""Names: which router classes there are, and which trained routers ship with the package."""

import hashlib
import json
import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from shared_router.errors import ArtifactSchemaError, UnknownNameError
from shared_router.quantiles import ScoreQuantiles
from shared_router.router import Router

DEFAULT_ROUTER = "static-v1"

_CLASSES = {
    "bert": "shared_router.routers.bert:BertRouter",
    "causal_lm": "shared_router.routers.causal_lm:CausalLMRouter",
    "knn": "shared_router.routers.knn:KNNRouter",
    "matrix_factorization": "shared_router.routers.matrix_factorization:MatrixFactorizationRouter",
    "random": "shared_router.routers.random:RandomRouter",
    "similarity_weighted": "shared_router.routers.similarity_weighted:SimilarityWeightedRouter",
    "static": "shared_router.routers.static:StaticRouter",
}
_PRETRAINED = Path(__file__).parent / "pretrained"
_SHIPPED = (DEFAULT_ROUTER,)
_SHIPPED_LOCK = threading.Lock()


def router_names() -> list[str]:
    """List the trained routers that ship with the package, sorted."""
    return sorted(_SHIPPED)


def router_class(name: str) -> type[Router]:
    """Return the router class of that name; its module is imported only now.

    Raises:
        UnknownNameError: If there is none; the message lists those there are.
    """
    if name not in _CLASSES:
        raise UnknownNameError(f"a router class must be one of {sorted(_CLASSES)}, got {name!r}")
    module, attribute = _CLASSES[name].split(":")
    found: type[Router] = getattr(import_module(module), attribute)
    return found


def load_router(router: str | Path | None = None, *, expected_sha256: str | None = None) -> Router:
    """Return a trained router, ready to ask.

    Args:
        router: The name of a shipped router, the folder of a saved one, or None for the shipped default.
            A shipped router is loaded once per process.
        expected_sha256: The hash that pins a saved router's checkpoint; see `Router.save`.

    Returns:
        A router whose `win_probability(queries)` is a float64 array of shape (n,).

    Raises:
        UnknownNameError: If no shipped router and no folder has that name.
        ArtifactError: If the checkpoint is damaged or holds no router.
    """
    folder = _folder(router)
    if folder.parent == _PRETRAINED and expected_sha256 is None:
        with _SHIPPED_LOCK:  # or all that ask before the first is done would load it
            return _load_shipped(folder.name)
    return _load(folder, expected_sha256)


def recommended_threshold(
    router: str | Path | None, *, otherwise: float, expected_sha256: str | None = None
) -> float:
    """Return the threshold that a named router's card recommends, or that half of its quantiles reach.

    Args:
        router: As in `load_router`, like `expected_sha256`.
        otherwise: The threshold of a router with neither.
        expected_sha256: See `router`; the card is under it.

    Returns:
        A threshold in [0, 1].

    Raises:
        UnknownNameError: If no shipped router and no folder has that name.
        ArtifactSchemaError: If the card names no threshold in [0, 1].
        ArtifactError: If the checkpoint is damaged, or not the expected one.
    """
    from shared_router.checkpoints.card import read_card

    card = read_card(_folder(router), expected_sha256=expected_sha256)
    if card is None:
        known = saved_quantiles(router, expected_sha256=expected_sha256)
        return otherwise if known is None else known.threshold(0.5)
    try:
        threshold = json.loads(card)["recommended_threshold"]
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise ArtifactSchemaError("card.json must be JSON with a recommended_threshold") from error
    if type(threshold) not in (int, float) or not 0 <= threshold <= 1:
        raise ArtifactSchemaError(f"recommended_threshold must be a number in [0, 1], got {threshold!r}")
    return float(threshold)


def saved_quantiles(
    router: str | Path | None, *, expected_sha256: str | None = None
) -> ScoreQuantiles | None:
    """Return the quantiles of a named router's scores, without loading it; None where it has none.

    Args:
        router: As in `load_router`, like `expected_sha256`.
        expected_sha256: See `router`.

    Raises:
        UnknownNameError: If no shipped router and no folder has that name.
        ArtifactError: If the checkpoint is damaged, or not the expected one.
    """
    settings = saved_config(router, expected_sha256=expected_sha256).settings.get("score_quantiles")
    return None if settings is None else ScoreQuantiles.from_settings(settings)


@dataclass(frozen=True, slots=True)
class SavedConfig:
    """What a checkpoint says of itself.

    Attributes:
        kind: What it holds, such as `"router/knn"`.
        settings: Its settings, plain JSON.
        sha256: The hash that pins it, as `save` returned it.
    """

    kind: str
    settings: Mapping[str, Any]
    sha256: str


def saved_config(router: str | Path | None, *, expected_sha256: str | None = None) -> SavedConfig:
    """Return what a named router's checkpoint says of itself, without loading it.

    Args:
        router: As in `load_router`, like `expected_sha256`.
        expected_sha256: See `router`.

    Raises:
        UnknownNameError: If no shipped router and no folder has that name.
        ArtifactError: If the checkpoint is damaged, or not the expected one.
    """
    from shared_router.checkpoints.config import CONFIG, MAX_CONFIG_BYTES, parse_config
    from shared_router.checkpoints.files import check_pin, read_whole

    content = read_whole(_folder(router), lambda opened: bytes(opened.read(CONFIG, MAX_CONFIG_BYTES)))
    check_pin(CONFIG, content, expected_sha256)
    config = parse_config(content)
    return SavedConfig(config["kind"], config["settings"], hashlib.sha256(content).hexdigest())


def _folder(router: str | Path | None) -> Path:
    name = DEFAULT_ROUTER if router is None else router
    if name in _SHIPPED:
        return _PRETRAINED / name
    folder = Path(name)
    if not os.path.isdir(folder):  # unlike a path's own method it says no to any text
        raise UnknownNameError(
            f"a router must be one of {router_names()} or the folder of a saved router, got {str(router)!r}, "
            f"and {folder.absolute()} is no folder"
        )
    return folder


def _load(folder: Path, expected_sha256: str | None) -> Router:
    from shared_router.checkpoints.artifact import artifact_kind

    kind = artifact_kind(folder)
    if not kind.startswith("router/"):
        raise ArtifactSchemaError(f"a router's checkpoint must be of a kind router/..., got {kind!r}")
    try:
        found = router_class(kind.removeprefix("router/"))
    except UnknownNameError as error:
        raise ArtifactSchemaError(
            f"a router's checkpoint must be of a class this release knows, got {kind!r}; "
            "load one of your own class with its load"
        ) from error
    return found.load(folder, expected_sha256=expected_sha256)


@cache
def _load_shipped(name: str) -> Router:
    return _load(_PRETRAINED / name, None)
