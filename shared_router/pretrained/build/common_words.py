"""The commonest English words that are no piece of the multilingual vocabulary, to be spelled once for all.

BERT's vocabulary, which the English embedder ships with, lists words by how common they are.

Run after `build.multilingual`: python -m shared_router.pretrained.build.common_words
"""

import json
from collections.abc import Sequence
from pathlib import Path

from shared_router.embedding.longest_pieces import WORD_START
from shared_router.embedding.multilingual import MultilingualEmbedder
from shared_router.embedding.shipped import DEFAULT_EMBEDDER, MULTILINGUAL_EMBEDDER

N_WORDS = 12_000
"""Half of the unknown words of exams and chats are among them; reading more takes longer than it saves."""

_PRETRAINED = Path(__file__).parents[1]


def common_words(pieces: Sequence[str]) -> list[str]:
    """Return the commonest words of ASCII letters that are none of the pieces, commonest first."""
    tokenizer = json.loads((_PRETRAINED / DEFAULT_EMBEDDER / "tokenizer.json").read_bytes())
    vocabulary: dict[str, int] = tokenizer["model"]["vocab"]
    known = set(pieces)
    words = [word for word in sorted(vocabulary, key=vocabulary.__getitem__) if len(word) > 1]
    words = [word for word in words if word.isascii() and word.isalpha()]
    return [word for word in words if f"{WORD_START}{word}" not in known][:N_WORDS]


def main() -> None:
    """Add them to the shipped embedder."""
    folder = _PRETRAINED / MULTILINGUAL_EMBEDDER
    embedder = MultilingualEmbedder.load(folder)
    embedder.prepare(common_words(embedder.pieces)).save(folder, overwrite=True)


if __name__ == "__main__":
    main()
