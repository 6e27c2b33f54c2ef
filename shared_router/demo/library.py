"""The demo's documents, and which one is nearest to a question."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

from shared_router.testing import HashEmbedder

if TYPE_CHECKING:
    from shared_router.embedding.protocol import Embedder


def documents() -> dict[str, str]:
    """Return the texts by their name, one paragraph each."""
    folder = files("shared_router.demo") / "documents"
    paths = sorted(folder.iterdir(), key=lambda path: path.name)
    return {path.name.removesuffix(".md"): " ".join(path.read_text("utf-8").split()) for path in paths}


class Library:
    """Find documents by the words they share with a question.

    Args:
        embedder: What turns texts into vectors; None takes one that knows words only, without weights.
    """

    def __init__(self, embedder: Embedder | None = None) -> None:
        self.embedder = HashEmbedder(dim=512) if embedder is None else embedder
        self.texts = list(documents().values())
        self._rows = self.embedder.embed(self.texts)

    def nearest(self, question: str) -> str:
        """Return the text whose vector lies nearest to the question's."""
        similarities = self._rows @ self.embedder.embed([question])[0]
        return self.texts[int(similarities.argmax())]
