"""The routers that ship with the package, and any other from its checkpoint's folder."""

import threading
from functools import cache
from pathlib import Path

from shared_router.choices import shown
from shared_router.errors import ArtifactSchemaError, UnknownNameError
from shared_router.router import Router
from shared_router.routers.classes import router_class

DEFAULT_ROUTER = "static-v2"
SHIPPED = (DEFAULT_ROUTER, "static-v1")
PRETRAINED = Path(__file__).parents[1] / "pretrained"
_LOCK = threading.Lock()


def load_shipped(name: str = DEFAULT_ROUTER) -> Router:
    """Return a shipped router, loaded once per process.

    Raises:
        UnknownNameError: If no router of that name ships.
        ArtifactError: If its checkpoint is damaged.
    """
    if name not in SHIPPED:
        raise UnknownNameError(f"a shipped router must be one of {sorted(SHIPPED)}, got {shown(name)}")
    with _LOCK:  # or all that ask before the first is done would load it
        return _load(name)


def load_folder(folder: Path, *, expected_sha256: str | None = None) -> Router:
    """Return the router that a folder holds, of whichever class it says.

    Args:
        folder: The checkpoint.
        expected_sha256: The hash that pins it; see `Router.save`.

    Raises:
        ArtifactError: If the checkpoint is damaged or holds no router of a class that this release knows.
    """
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
def _load(name: str) -> Router:
    return load_folder(PRETRAINED / name)
