"""A tokenizer's answers, remembered word by word.

BERT's tokenizer lowers a text, cuts it at white space and punctuation, and cuts each word into pieces that
depend on that word alone. So the pieces of a word need be asked for once: remembered, a question is a tenth
of a millisecond cheaper, which is most of what routing it costs. What is remembered is what the library
said; a text that it would cut in another way (anything but ASCII, or the name of a special token) is its
own to cut, whole.
"""

from __future__ import annotations

import json
import re
from itertools import chain
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tokenizers import Tokenizer

MAX_WORDS = 100_000
MAX_WORD_CHARS = 32
"""Longer words are asked for each time, so that nobody fills the memory with theirs."""

# In ASCII, what BERT's pre-tokenizer calls a word or a punctuation mark once control characters are gone.
_WORD = re.compile(r"[a-z0-9]+|[!-/:-@\[-`{-~]")


class WordPieces(dict[str, tuple[int, ...]]):
    """The token ids of words, as a BERT tokenizer gives them; texts are lowered before they are cut.

    Args:
        tokenizer: A tokenizer that `remembers_words`.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        super().__init__()
        self._tokenizer = tokenizer
        special = [re.escape(token.content) for token in tokenizer.get_added_tokens_decoder().values()]
        self._special = re.compile("|".join(special)) if special else None

    def ids(self, text: str) -> list[int] | None:
        """Return the token ids of a cleaned text, or None where the tokenizer must be asked."""
        if not text.isascii() or (self._special is not None and self._special.search(text)):
            return None
        return list(chain.from_iterable(map(self.__getitem__, _WORD.findall(text.lower()))))

    def __missing__(self, word: str) -> tuple[int, ...]:
        """Ask the tokenizer, and remember what it says."""
        pieces = tuple(self._tokenizer.encode(word, add_special_tokens=False).ids)
        if len(self) < MAX_WORDS and len(word) <= MAX_WORD_CHARS:
            self[word] = pieces
        return pieces


def remembers_words(tokenizer: Tokenizer) -> bool:
    """Tell whether a tokenizer cuts ASCII text as BERT's lowering one does."""
    spec = json.loads(tokenizer.to_str())
    normalizer, cut = spec["normalizer"] or {}, spec["pre_tokenizer"] or {}
    return (
        spec["model"]["type"] == "WordPiece"
        and normalizer.get("type") == "BertNormalizer"
        and normalizer.get("lowercase") is True
        and normalizer.get("clean_text") is True
        and cut.get("type") == "BertPreTokenizer"
    )
