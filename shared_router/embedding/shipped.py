"""The embedders that ship with the package: an English one, and one of a hundred languages."""

import threading
from functools import cache
from pathlib import Path

from shared_router.choices import shown, shown_kind
from shared_router.embedding.protocol import Embedder
from shared_router.errors import InvalidInputError, UnknownNameError

DEFAULT_EMBEDDER = "minilm-static-v1"
MULTILINGUAL_EMBEDDER = "e5-static-v1"
EMBEDDERS = (DEFAULT_EMBEDDER, MULTILINGUAL_EMBEDDER)
_LOCK = threading.Lock()
_PRETRAINED = Path(__file__).parents[1] / "pretrained"


def load_embedder(name: str = DEFAULT_EMBEDDER) -> Embedder:
    """Return a shipped embedder, loaded once per process.

    Args:
        name: `"minilm-static-v1"`, which reads English, or `"e5-static-v1"`, which reads a hundred languages.

    Raises:
        UnknownNameError: If no embedder of that name ships.
        ArtifactError: If its checkpoint is damaged.
    """
    if not isinstance(name, str) or name not in EMBEDDERS:
        raise UnknownNameError(f"an embedder must be one of {sorted(EMBEDDERS)}, got {shown(name)}")
    with _LOCK:  # or all that ask before the first is done would load it
        return _load(name)


def embedder_of(given: Embedder | str) -> Embedder:
    """Return what was given for an embedder, or the shipped one of that name; raises as `load_embedder`."""
    return load_embedder(given) if isinstance(given, str) else given


def check_embedder(given: object) -> None:
    """Check an embedder before there is a text for it.

    Raises:
        InvalidInputError: If it has no `embed`, or is a class, and is no name either.
    """
    if not isinstance(given, str) and (isinstance(given, type) or not hasattr(given, "embed")):
        raise InvalidInputError(
            f"embedder must be an object with embed, or a shipped one's name, got {shown_kind(given)}"
        )


@cache
def _load(name: str) -> Embedder:
    from shared_router.embedding.multilingual import MultilingualEmbedder
    from shared_router.embedding.static import StaticEmbedder

    kind = MultilingualEmbedder if name == MULTILINGUAL_EMBEDDER else StaticEmbedder
    return kind.load(_PRETRAINED / name)
