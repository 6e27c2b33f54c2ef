"""An index that needs no download, of documents that mislead a router that reads them."""

from __future__ import annotations

import zlib

from llama_index.core import Document, VectorStoreIndex
from llama_index.core.base.embeddings.base import BaseEmbedding

from shared_router import load_embedder
from tests.llamaindex.fakes import HARD


class WordEmbedding(BaseEmbedding):
    """Embed a text as the counts of its words, hashed into 32 places."""

    def _embed(self, text: str) -> list[float]:
        counts = [0.0] * 32
        for word in text.lower().split():
            counts[zlib.crc32(word.encode()) % 32] += 1.0
        return counts

    def _get_query_embedding(self, query: str) -> list[float]:
        return self._embed(query)

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return self._embed(query)

    def _get_text_embedding(self, text: str) -> list[float]:
        return self._embed(text)


class StaticEmbedding(BaseEmbedding):
    """Embed a text with the embedder that ships, on this machine."""

    def _get_query_embedding(self, query: str) -> list[float]:
        embedding: list[float] = load_embedder("minilm-static-v1").embed([query])[0].tolist()
        return embedding

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return self._get_query_embedding(query)

    def _get_text_embedding(self, text: str) -> list[float]:
        return self._get_query_embedding(text)


def index_of_documents(n: int = 8) -> VectorStoreIndex:
    """Index n documents, every other one of which says HARD at its start and quotes a question of its own."""
    texts = [
        f"{HARD if i % 2 else 'Plain'} document {i}.\nQuery: {HARD} of document {i}\nAnswer: "
        + "filler " * 200
        for i in range(n)
    ]
    return VectorStoreIndex.from_documents(
        [Document(text=text) for text in texts], embed_model=WordEmbedding(), transformations=[]
    )
