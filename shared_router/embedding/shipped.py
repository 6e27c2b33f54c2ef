"""The embedders that ship with the package: an English one, and one of a hundred languages."""

import threading
from functools import cache
from pathlib import Path

from shared_router.embedding.protocol import Embedder
from shared_router.errors import UnknownNameError

DEFAULT_EMBEDDER = "minilm-static-v1"
MULTILINGUAL_EMBEDDER = "e5-static-v1"
EMBEDDERS = (DEFAULT_EMBEDDER, MULTILINGUAL_EMBEDDER)
_LOCK = threading.Lock()
_PRETRAINED = Path(__file__).parents[1] / "pretrained"


def load_embedder(name: str = DEFAULT_EMBEDDER) -> Embedder:
    """Return a shipped embedder, loaded once per process.

    Raises:
        UnknownNameError: If no embedder of that name ships.
        ArtifactError: If its checkpoint is damaged.
    """
    if name not in EMBEDDERS:
        raise UnknownNameError(f"an embedder must be one of {sorted(EMBEDDERS)}, got {name!r}")
    with _LOCK:  # or all that ask before the first is done would load it
        return _load(name)


@cache
def _load(name: str) -> Embedder:
    from shared_router.embedding.multilingual import MultilingualEmbedder
    from shared_router.embedding.static import StaticEmbedder

    kind = MultilingualEmbedder if name == MULTILINGUAL_EMBEDDER else StaticEmbedder
    return kind.load(_PRETRAINED / name)
