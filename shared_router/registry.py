"""Names: which router classes there are, and which trained routers ship with the package."""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared_router.choices import check_path
from shared_router.errors import ArtifactSchemaError, UnknownNameError
from shared_router.quantiles import ScoreQuantiles
from shared_router.router import Router
from shared_router.routers.classes import router_class
from shared_router.routers.shipped import DEFAULT_ROUTER, PRETRAINED, SHIPPED, load_folder, load_shipped

__all__ = [
    "DEFAULT_ROUTER",
    "SavedConfig",
    "load_router",
    "recommended_threshold",
    "router_class",
    "router_names",
    "saved_config",
    "saved_quantiles",
    "saved_score_tables",
]


def router_names() -> list[str]:
    """List the trained routers that ship with the package, sorted."""
    return sorted(SHIPPED)


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
    if folder.parent == PRETRAINED and expected_sha256 is None:
        return load_shipped(folder.name)
    return load_folder(folder, expected_sha256=expected_sha256)


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
    card = _card(router, expected_sha256)
    if card is None:
        known = saved_quantiles(router, expected_sha256=expected_sha256)
        return otherwise if known is None else known.threshold(0.5)
    threshold: Any = card.get("recommended_threshold")
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


def saved_score_tables(
    router: str | Path | None = None, *, expected_sha256: str | None = None
) -> dict[str, ScoreQuantiles]:
    """Return the quantiles of a named router's scores on each set of prompts that its card has a table of.

    `saved_score_tables()["gsm8k"].threshold(0.3)` is the threshold that sends 0.3 of GSM8K strong, where
    `strong_fraction=0.3` means 0.3 of the mix that `saved_quantiles` are of.

    Args:
        router: As in `load_router`, like `expected_sha256`.
        expected_sha256: See `router`; the card is under it.

    Returns:
        A table by the set's name; none for a router whose card has none.

    Raises:
        UnknownNameError: If no shipped router and no folder has that name.
        ArtifactError: If the checkpoint or its card is damaged, or not the expected one.
    """
    tables = (_card(router, expected_sha256) or {}).get("score_tables", {})
    if not isinstance(tables, dict):
        raise ArtifactSchemaError("a card's score_tables must be quantiles by the name of a set")
    return {name: ScoreQuantiles.from_settings(table) for name, table in tables.items()}


def _card(router: str | Path | None, expected_sha256: str | None) -> dict[str, Any] | None:
    from shared_router.checkpoints.card import read_card

    card = read_card(_folder(router), expected_sha256=expected_sha256)
    if card is None:
        return None
    try:
        found = json.loads(card)
    except (ValueError, RecursionError) as error:
        raise ArtifactSchemaError("card.json must be JSON with a recommended_threshold") from error
    if not isinstance(found, dict) or "recommended_threshold" not in found:
        raise ArtifactSchemaError("card.json must be JSON with a recommended_threshold")
    return found


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
    check_path("a router", name)
    if name in SHIPPED:
        return PRETRAINED / name
    folder = Path(name)
    if not os.path.isdir(folder):  # unlike a path's own method it says no to any text
        raise UnknownNameError(
            f"a router must be one of {router_names()} or the folder of a saved router, got {str(router)!r}, "
            f"and {folder.absolute()} is no folder"
        )
    return folder
