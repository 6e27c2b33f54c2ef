"""What every embedder reads: a list of texts, where one text would be read letter by letter."""

from pathlib import Path
from typing import Any

import openai
import pytest

from shared_router import (
    CachedEmbedder,
    InvalidInputError,
    OpenAIEmbedder,
    TransformersEmbedder,
    TrimmedEmbedder,
    load_embedder,
)
from shared_router.embedding.protocol import Embedder
from shared_router.embedding.shipped import MULTILINGUAL_EMBEDDER
from shared_router.testing import HashEmbedder


@pytest.fixture(params=["openai", "cached", "transformers", "shipped", "multilingual", "trimmed"])
def embedder(request: pytest.FixtureRequest, tmp_path: Path) -> Embedder:
    match request.param:
        case "openai":
            return OpenAIEmbedder(openai.OpenAI(api_key="sk-none"))
        case "cached":
            return CachedEmbedder(HashEmbedder(4), tmp_path / "cache.sqlite", identity="hash")
        case "transformers":
            return TransformersEmbedder(tmp_path / "no-model")
        case "multilingual":
            return load_embedder(MULTILINGUAL_EMBEDDER)
        case "trimmed":
            return TrimmedEmbedder(HashEmbedder(4))
    return load_embedder()


@pytest.mark.parametrize(
    ("texts", "rule"),
    [
        ("one text", "texts must be a list of texts, got one str; put it in a list"),
        (b"one text", "got one bytes"),
        (["a text", None], "texts must be texts, got NoneType among them"),
        (3, "texts must be a list of texts, got int"),
    ],
)
def test_what_is_no_list_of_texts_is_refused_before_anything_is_loaded_or_asked(
    embedder: Embedder, texts: Any, rule: str
) -> None:
    with pytest.raises(InvalidInputError, match=rule):
        embedder.embed(texts)
