"""Queries to token ids, for routers that read text with a transformer.

RouteLLM truncates to the head of a prompt (`BERTRouter`) or to its tail (`CausalLLMClassifier`). What is
asked stands at the start ("Summarise the following ...") or at the end ("... Which of these is right?"),
so by default both ends are kept and the middle goes. Text that spells a special token is read as text:
a user must not be able to write the end of the prompt.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from shared_router.checkpoints.tokenizer import tokenizing
from shared_router.choices import shown
from shared_router.errors import InvalidInputError
from shared_router.text import clean

if TYPE_CHECKING:
    import torch
    from tokenizers import Tokenizer

Keep = Literal["ends", "head", "tail"]


class QueryTokenizer:
    """Turn a query into `before` + the query's own ids, cut to fit + `after`.

    Args:
        tokenizer: A `tokenizers` tokenizer; it is copied.
        before: Ids that stand before every query, for example that of [CLS].
        after: Ids that stand after every query.
        max_length: The most ids in all, more than `before` and `after` need.
        keep: What stays of a query that is too long: `"ends"` its first and last half (of an odd number
            one more of the first), `"head"` its start, `"tail"` its end.

    Raises:
        InvalidInputError: If `keep` is no such name or `max_length` leaves no room for a query.
    """

    def __init__(
        self,
        tokenizer: Tokenizer,
        *,
        before: Sequence[int],
        after: Sequence[int],
        max_length: int,
        keep: Keep = "ends",
    ) -> None:
        if keep not in ("ends", "head", "tail"):
            raise InvalidInputError(f'keep must be "ends", "head" or "tail", got {shown(keep)}')
        if max_length <= len(before) + len(after):
            raise InvalidInputError(
                f"max_length must leave room for a query beside {len(before) + len(after)} other tokens, "
                f"got {max_length}"
            )
        self.tokenizer = plain_text_tokenizer(tokenizer)
        self.before = list(before)
        self.after = list(after)
        self.max_length = max_length
        self.keep = keep

    def __call__(self, queries: Sequence[str]) -> list[list[int]]:
        """Return the ids of each query, at least one and at most `max_length` of them."""
        with tokenizing():
            encoded = self.tokenizer.encode_batch(
                [clean(query) for query in queries], add_special_tokens=False
            )
        room = self.max_length - len(self.before) - len(self.after)
        return [[*self.before, *_cut(one.ids, room, self.keep), *self.after] for one in encoded]


def plain_text_tokenizer(tokenizer: Tokenizer) -> Tokenizer:
    """Return a copy that pads and cuts nothing and reads special tokens as the text they are."""
    from tokenizers import Tokenizer as Tokenizers

    copy = Tokenizers.from_str(tokenizer.to_str())
    copy.no_truncation()
    copy.no_padding()
    copy.encode_special_tokens = True
    return copy


def special_ids_around(tokenizer: Tokenizer) -> tuple[list[int], list[int]]:
    """Return the ids that a tokenizer puts before and after a text, for example [CLS] and [SEP].

    A tokenizer's file may ask for padding to a fixed length; padding stands around a batch, not a text.
    """
    encoding = plain_text_tokenizer(tokenizer).encode("a")
    own = [position for position, special in enumerate(encoding.special_tokens_mask) if not special]
    return encoding.ids[: own[0]], encoding.ids[own[-1] + 1 :]


def _cut(ids: list[int], room: int, keep: Keep) -> list[int]:
    if len(ids) <= room:
        return ids
    if keep == "head":
        return ids[:room]
    if keep == "tail":
        return ids[len(ids) - room :]
    tail = room // 2
    return ids[: room - tail] + ids[len(ids) - tail :]


def batches_by_length(lengths: NDArray[np.int64], batch_size: int) -> list[NDArray[np.int64]]:
    """Return the row numbers in batches of rows of near lengths, longest first, so that little is padded."""
    order = np.argsort(-lengths, kind="stable")
    return [order[start : start + batch_size] for start in range(0, len(order), batch_size)]


def serving_batches(rows: Sequence[Sequence[int]], *, device: torch.device) -> list[NDArray[np.int64]]:
    """Return the row numbers in batches that pad little, of as many tokens as the device likes at once."""
    # a processor's cache holds what few tokens need
    max_tokens = 2048 if device.type == "cpu" else 8192
    return batches_by_tokens(np.array([len(row) for row in rows]), max_tokens=max_tokens)


def batches_by_tokens(
    lengths: NDArray[np.int64], *, max_tokens: int, max_padded: float = 1.15
) -> list[NDArray[np.int64]]:
    """Return the row numbers in batches that pad little, longest first.

    Args:
        lengths: How many tokens each row has, shape (n,), each >= 1.
        max_tokens: The most tokens of a batch, padding included; a longer row is a batch alone.
        max_padded: The most tokens of a batch, padding included, over its rows' own, >= 1.
    """
    order = np.argsort(-lengths, kind="stable")
    batches, start, own = [], 0, 0
    for at, length in enumerate(lengths[order].tolist()):
        padded = (at + 1 - start) * int(lengths[order[start]])
        if at > start and padded > min(max_tokens, max_padded * (own + length)):
            batches.append(order[start:at])
            start, own = at, 0
        own += length
    return [*batches, order[start:]] if len(order) else []
