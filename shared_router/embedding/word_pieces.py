"""The token ids of texts, as a lowering BERT tokenizer gives them, at the price of a table look-up a word.

BERT's tokenizer folds characters, cuts at white space and punctuation, and spells each word with the longest
pieces that its vocabulary has, from the left. All of that depends on what stands between two white spaces
alone, so it is done once for each such run of characters and remembered; the vocabulary is remembered from
the start. The `tokenizers` library needs 80 microseconds for a question where this needs 7, and tests hold
both to equal ids. Left out is a long text's middle, once it has more words, or more letters to spell, than
an event loop can wait for.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from shared_router.embedding.bert_characters import BertCharacters
from shared_router.embedding.spelling import ID_BYTES, WORD, Spelling, padded_ids
from shared_router.embedding.together import TogetherIds, ids_together
from shared_router.pieces import is_plain, words_of_pieces
from shared_router.text import within_bytes

if TYPE_CHECKING:
    from typing_extensions import Self

MAX_BYTES = 6144
"""What is read in UTF-8 of a text that is not ASCII, half of it from each end: 1,400 tokens of English."""

MAX_TOKENS = 1024
"""A text of more counts with its first and last half of this: 4,500 letters of English have as many."""

_MANY_NEW = 512
"""Where a text has more letters in runs that are not remembered, its words are looked up one by one."""

_HALF = MAX_TOKENS // 2 * ID_BYTES
_FIRST_WORDS = re.compile(rf"(?:[\t\n\r ]*(?:{WORD.pattern})){{0,{MAX_TOKENS // 2}}}")
# A cleaned text has no such characters, so that they can stand for the names of special tokens in it.
_STAND_INS = "\x01\x02\x03\x04\x05\x06\x07\x08\x0e\x0f"


class WordPieces:
    """Turn cleaned texts into token ids.

    It is safe with several threads.

    Args:
        vocabulary: The id of each word and each piece.
        unknown: The id of a word that cannot be spelled.
        prefix: What pieces inside a word begin with in the vocabulary.
        max_letters: Words of more are unknown.
        special: The ids of special tokens by their names, which texts may hold; at most 10.
        characters: What becomes of other characters than ASCII.
    """

    def __init__(
        self,
        vocabulary: Mapping[str, int],
        *,
        unknown: int,
        prefix: str,
        max_letters: int,
        special: Mapping[str, int],
        characters: BertCharacters,
    ) -> None:
        self.vocabulary = vocabulary
        self.unknown = unknown
        self.prefix = prefix
        self.max_letters = max_letters
        self.special = special
        self.characters = characters

    @classmethod
    def of(cls, tokenizer_json: bytes) -> Self | None:
        """Return the word pieces of a `tokenizer.json`, or None where it cuts texts in another way."""
        try:
            spec = json.loads(tokenizer_json)
            model, normalizer = spec["model"], dict(spec["normalizer"])
            kinds = model["type"], normalizer.pop("type"), spec["pre_tokenizer"]["type"]
            vocabulary, max_letters = model["vocab"], model["max_input_chars_per_word"]
            unknown, prefix = vocabulary[model["unk_token"]], model["continuing_subword_prefix"]
            special = {token["content"]: token["id"] for token in spec["added_tokens"]}
            plain = not any(token[flag] for token in spec["added_tokens"] for flag in _FLAGS)
            plain = plain and normalizer["lowercase"] is True and normalizer["clean_text"] is True
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
            return None  # the library says what is wrong with it, if anything is
        plain = plain and kinds == ("WordPiece", "BertNormalizer", "BertPreTokenizer")
        plain = plain and {*map(type, vocabulary.values()), *map(type, special.values())} == {int}
        plain = plain and type(max_letters) is int and isinstance(prefix, str) and len(prefix) <= _PREFIX
        plain = plain and normalizer.keys() == _OPTIONS
        if not plain or "" in special or len(special) > len(_STAND_INS):
            return None
        return cls(
            vocabulary,
            unknown=unknown,
            prefix=prefix,
            max_letters=max_letters,
            special=special,
            characters=BertCharacters(normalizer),
        )

    @property
    def min_id(self) -> int:
        """The smallest id that a text can have."""
        return min(chain(self.vocabulary.values(), self.special.values()))

    @property
    def max_id(self) -> int:
        """The largest id that a text can have."""
        return max(chain(self.vocabulary.values(), self.special.values()))

    def ids(self, text: str) -> NDArray[np.intp]:
        """Return the token ids of a cleaned text.

        Args:
            text: What `shared_router.clean` returns.

        Returns:
            What the tokenizer says, without special tokens added, shape (tokens,): of a text of more than
            `MAX_BYTES` bytes of its two ends, and of more than `MAX_TOKENS` tokens the first and the last.
        """
        if self._names is not None and self._names.search(text):
            text = self._names.sub(lambda name: f" {self._stand_ins[name[0]]} ", text)
        folded = text.lower() if text.isascii() else self.characters.fold(within_bytes(text, MAX_BYTES))
        runs = folded.split()
        known = self._remembered
        if len(folded) > _MANY_NEW and sum([len(run) for run in runs if run not in known]) > _MANY_NEW:
            ids = b"".join(self._ends(_end_words(folded)))
        else:
            ids = b"".join(map(known.__getitem__, runs))
        if len(ids) > 2 * _HALF:
            ids = ids[:_HALF] + ids[-_HALF:]
        return np.frombuffer(ids, dtype=np.intp)

    def ids_of_pieces(self, text: str) -> NDArray[np.intp] | None:
        """Return what `ids` does of each piece of a text, of the text in one go.

        Args:
            text: A cleaned text, or a part of one, to be cut by `shared_router.pieces`.

        Returns:
            Shape (pieces, tokens of the longest), -1 behind a shorter one's; None where a piece must be
            asked for alone: one holds the name of a special token, or one is much longer than the others.
        """
        if self._names is not None and self._names.search(text):
            return None
        if text.isascii():
            pieces = words_of_pieces(text.lower())
        else:
            lines = "\n".join(map(" ".join, words_of_pieces(text)))
            pieces = [line.split() for line in self.characters.fold(lines).split("\n")]
        id_of = self._remembered.__getitem__
        ids = [b"".join(map(id_of, words)) for words in pieces]
        return padded_ids(ids)

    def plain(self, text: str) -> str | None:
        """Return a text, folded, if `ids_together` can spell it, else None."""
        named = self._names is not None and self._names.search(text)
        return text.lower() if text.isascii() and not named and is_plain(text) else None

    def ids_together(self, texts: Sequence[str]) -> TogetherIds:
        """Return what `ids_of_pieces` does of many texts that `plain` has returned."""
        return ids_together(texts, self._remembered.__getitem__)

    def _ends(self, words: list[str]) -> list[bytes]:
        """Return the words' ids, of many only what the first and last tokens need."""
        first: list[bytes] = []
        last: list[bytes] = []
        start, end, size = 0, len(words), 0
        while start < end and size < _HALF:
            first.append(self._remembered[words[start]])
            size += len(first[-1])
            start += 1
        size = 0
        while start < end and size < _HALF:
            end -= 1
            last.append(self._remembered[words[end]])
            size += len(last[-1])
        if start < end:  # the middle is left out, and the first ones end where the last ones begin to count
            first = [b"".join(first)[:_HALF]]
        return first + last[::-1]

    @cached_property
    def _remembered(self) -> Spelling:
        return Spelling(
            self.vocabulary,
            unknown=self.unknown,
            prefix=self.prefix,
            max_letters=self.max_letters,
            names={self._stand_ins[name]: i for name, i in self.special.items()},
        )

    @cached_property
    def _stand_ins(self) -> dict[str, str]:
        return dict(zip(self.special, _STAND_INS, strict=False))

    @cached_property
    def _names(self) -> re.Pattern[str] | None:
        # the library takes the longest of two that begin alike
        names = sorted(self.special, key=len, reverse=True)
        return re.compile("|".join(map(re.escape, names))) if names else None


_OPTIONS = {"clean_text", "handle_chinese_chars", "strip_accents", "lowercase"}
_PREFIX = 16  # characters
_FLAGS = ("normalized", "lstrip", "rstrip", "single_word")


def _end_words(folded: str) -> list[str]:
    """Return the words of a text, of a long one those that its first and last tokens can be of."""
    if len(folded) > MAX_TOKENS:
        head, tail = _FIRST_WORDS.match(folded), _FIRST_WORDS.match(folded[::-1])
        first, last = head.end() if head else 0, len(folded) - (tail.end() if tail else 0)
        if first < last:
            return WORD.findall(folded[:first]) + WORD.findall(folded[last:])
    return WORD.findall(folded)
