"""A question and two answers as the token ids that PairRanker reads (arXiv 2306.02561, section 3.2).

    [CLS] <|source|> question [SEP] [CLS] <|candidate1|> answer [SEP] [CLS] <|candidate2|> answer [SEP]

As in LLM-Blender's collator and PairRM's `tokenize_pair`: each part is tokenised alone with the tokenizer's
own special tokens, keeps its start where it is too long, and what the question leaves of its room the two
candidates share. A separator that a text spells becomes a space. Three differences: the room left is counted
for each question and not for a whole batch, a marker such as `<|candidate1|>` that a text spells becomes a
space (the original breaks on it), and other special tokens that a text spells are read as text.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared_router.checkpoints.tokenizer import tokenizing
from shared_router.choices import shown
from shared_router.errors import InvalidInputError
from shared_router.training.tokens import plain_text_tokenizer, special_ids_around

if TYPE_CHECKING:
    from tokenizers import Tokenizer

SOURCE, FIRST, SECOND, CANDIDATE = "<|source|>", "<|candidate1|>", "<|candidate2|>", "<|candidate|>"
MARKERS = (SOURCE, FIRST, SECOND, CANDIDATE)
"""In the order in which LLM-Blender adds them to a tokenizer."""

_CHARACTERS_A_TOKEN = 64
"""Text behind as many characters for each token that is read is not even tokenised."""


@dataclass(frozen=True, slots=True)
class Parts:
    """A question and its candidates as ids, each cut to its room.

    Attributes:
        source: The question's ids.
        candidates: Each candidate's ids, with the marker that stands for either place.
    """

    source: list[int]
    candidates: list[list[int]]


class PairInput:
    """Turn a question and its candidates into ids.

    Args:
        tokenizer: A `tokenizers` tokenizer that ends a text with a separator, as encoders' do; it is copied,
            and gets the markers it lacks.
        source_tokens: The most tokens of a question, special ones included.
        candidate_tokens: The most tokens of a candidate, before what the question leaves is shared.

    Attributes:
        tokenizer: The tokenizer with the markers.
        marker_ids: The markers' ids, in the order of `MARKERS`.
        most: The most ids of a pair.

    Raises:
        InvalidInputError: If the tokenizer puts no separator, or a part has no room for a word.
    """

    def __init__(self, tokenizer: Tokenizer, *, source_tokens: int, candidate_tokens: int) -> None:
        self.before, self.after = special_ids_around(tokenizer)
        if not self.after:
            raise InvalidInputError(
                "a pair ranker's tokenizer must end a text with a separator such as [SEP], got one that puts "
                "none; use an encoder's"
            )
        least = len(self.before) + len(self.after) + 2  # a marker and one token
        for name, tokens in (("source_tokens", source_tokens), ("candidate_tokens", candidate_tokens)):
            if type(tokens) is not int or tokens < least:
                raise InvalidInputError(f"{name} must be a whole number >= {least}, got {shown(tokens)}")
        self.source_tokens = source_tokens
        self.candidate_tokens = candidate_tokens
        self.most = source_tokens + 2 * candidate_tokens
        self.tokenizer = with_markers(tokenizer)
        self.marker_ids: tuple[int, ...] = tuple(map(self.tokenizer.get_vocab().__getitem__, MARKERS))
        self._reading = plain_text_tokenizer(self.tokenizer)
        self._separator = str(self.tokenizer.id_to_token(self.after[-1]))

    def parts(self, question: str, candidates: Sequence[str]) -> Parts:
        """Return a question's ids and those of its candidates.

        Args:
            question: The question, with any instruction before it.
            candidates: The answers.
        """
        texts = [(SOURCE, question), *((CANDIDATE, each) for each in candidates)]
        with tokenizing():
            encoded = self._reading.encode_batch(
                [marker + self._plain(text) for marker, text in texts], add_special_tokens=False
            )
        source_id, candidate_id = self.marker_ids[0], self.marker_ids[3]
        source = self._cut(encoded[0].ids, source_id, self.source_tokens)
        room = self.candidate_tokens + (self.source_tokens - len(source)) // 2
        return Parts(source, [self._cut(each.ids, candidate_id, room) for each in encoded[1:]])

    def pair(self, parts: Parts, left: int, right: int) -> list[int]:
        """Return the ids of the question with two of its candidates."""
        return self.joined(parts.source, parts.candidates[left], parts.candidates[right])

    def joined(self, source: list[int], left: list[int], right: list[int]) -> list[int]:
        """Return the ids of a question's and two candidates' parts, with each candidate's marker."""
        first, second = self.marker_ids[1:3]
        at = len(self.before)
        return [*source, *left[:at], first, *left[at + 1 :], *right[:at], second, *right[at + 1 :]]

    def flipped(self, pair: Sequence[int]) -> list[int]:
        """Return the ids of a pair whose candidates have changed places."""
        first, second = self.marker_ids[1:3]
        left, right = (pair.index(marker) - len(self.before) for marker in (first, second))
        return self.joined(list(pair[:left]), list(pair[right:]), list(pair[left:right]))

    def _plain(self, text: str) -> str:
        text = text[: _CHARACTERS_A_TOKEN * self.most]
        for marker in (self._separator, *MARKERS):
            text = text.replace(marker, " ")
        return text.encode("utf-8", "replace").decode()  # a lone surrogate is no text

    def _cut(self, ids: list[int], marker: int, room: int) -> list[int]:
        # a tokenizer that folds case knows a marker in capitals too
        own = [marker, *(each for each in ids[1:] if each not in self.marker_ids)]
        return [*self.before, *own[: room - len(self.before) - len(self.after)], *self.after]


def with_markers(tokenizer: Tokenizer) -> Tokenizer:
    """Return a copy of a tokenizer that has the markers, as tokens that are read wherever they stand."""
    from tokenizers import Tokenizer as Tokenizers

    copy = Tokenizers.from_str(tokenizer.to_str())
    copy.add_tokens(list(MARKERS))
    written = json.loads(copy.to_str())
    for token in written["added_tokens"]:
        if token["content"] in MARKERS:
            token["special"] = False
    return Tokenizers.from_str(json.dumps(written))
