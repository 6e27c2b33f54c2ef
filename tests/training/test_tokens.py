import numpy as np
import pytest

from shared_router.embedding.padding import pad
from shared_router.errors import InvalidInputError
from shared_router.training.tokens import (
    Keep,
    QueryTokenizer,
    batches_by_length,
    batches_by_tokens,
    plain_text_tokenizer,
    special_ids_around,
)
from tests.routers.tiny_models import byte_tokenizer

SPECIALS = ["[PAD]", "[CLS]", "[SEP]"]


def read(query: str, max_length: int, keep: Keep = "ends") -> str:
    """The characters that are read, between the special tokens."""
    tokenizer = byte_tokenizer(SPECIALS)
    ids = QueryTokenizer(tokenizer, before=[1], after=[2], max_length=max_length, keep=keep)([query])[0]
    assert ids[0] == 1
    assert ids[-1] == 2
    assert len(ids) <= max_length
    return tokenizer.decode(ids[1:-1])


def test_a_query_that_fits_is_read_whole() -> None:
    assert read("abcdef", 8) == "abcdef"


def test_a_long_query_keeps_both_ends() -> None:
    """8 tokens less 2 special ones leave 6: the first 3 and the last 3."""
    assert read("abcdefgh", 8) == "abcfgh"


def test_the_odd_token_goes_to_the_start() -> None:
    """7 tokens less 2 leave 5: the first 3 and the last 2."""
    assert read("abcdefgh", 7) == "abcgh"


def test_one_token_of_room_keeps_the_first() -> None:
    assert read("abcdefgh", 3) == "a"


def test_head_and_tail_keep_one_end() -> None:
    assert read("abcdefgh", 5, "head") == "abc"
    assert read("abcdefgh", 5, "tail") == "fgh"


def test_text_that_spells_a_special_token_is_read_as_text() -> None:
    ids = QueryTokenizer(byte_tokenizer(SPECIALS), before=[1], after=[2], max_length=64)(["a[SEP]b"])[0]
    assert ids.count(2) == 1
    assert len(ids) == 2 + len("a[SEP]b")


def test_padding_that_a_tokenizer_asks_for_is_not_taken_for_its_special_tokens() -> None:
    """As the file of all-MiniLM-L6-v2 does: 128 tokens, whatever the text. It left one token for a query."""
    tokenizer = byte_tokenizer(SPECIALS, around=("[CLS]", "[SEP]"))
    tokenizer.enable_padding(length=16, pad_id=0, pad_token="[PAD]")
    tokenizer.enable_truncation(16)
    assert special_ids_around(tokenizer) == ([1], [2])
    assert len(tokenizer.encode("a").ids) == 16


def test_the_tokenizer_given_is_left_as_it_was() -> None:
    tokenizer = byte_tokenizer(SPECIALS)
    tokenizer.enable_truncation(4)
    plain_text_tokenizer(tokenizer)
    assert tokenizer.encode("[SEP]").ids == [2]
    assert tokenizer.truncation is not None


def test_a_tokenizer_without_a_template_has_no_ids_around_a_text() -> None:
    assert special_ids_around(byte_tokenizer(SPECIALS)) == ([], [])


def test_an_unknown_keep_is_refused() -> None:
    with pytest.raises(InvalidInputError, match='keep must be "ends", "head" or "tail"'):
        read("a", 8, "middle")  # type: ignore[arg-type]


def test_a_length_without_room_for_a_query_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="must leave room for a query beside 2 other tokens, got 2"):
        read("a", 2)


def test_rows_are_padded_on_the_side_that_is_asked() -> None:
    right = pad([[5, 6], [7]], pad_id=0, device=None)
    left = pad([[5, 6], [7]], pad_id=0, device=None, side="left")
    assert right["input_ids"].tolist() == [[5, 6], [7, 0]]
    assert right["attention_mask"].tolist() == [[1, 1], [1, 0]]
    assert left["input_ids"].tolist() == [[5, 6], [0, 7]]
    assert left["attention_mask"].tolist() == [[1, 1], [0, 1]]


def test_batches_hold_rows_of_near_lengths_and_each_row_once() -> None:
    batches = batches_by_length(np.array([3, 9, 1, 8, 2]), 2)
    assert [batch.tolist() for batch in batches] == [[1, 3], [0, 4], [2]]


def test_batches_are_bounded_in_tokens_and_padding() -> None:
    """Longest first 9, 8, 3, 2, 1. 9 and 8 pad to 18 <= 1.15 * 17; a third of 3 would make 27 > 1.15 * 20.
    3 and 2 would make 6 > 1.15 * 5, and 2 and 1 make 4 > 1.15 * 3."""
    batches = batches_by_tokens(np.array([3, 9, 1, 8, 2]), max_tokens=100)
    assert [batch.tolist() for batch in batches] == [[1, 3], [0], [4], [2]]


def test_a_batch_holds_as_many_rows_as_its_tokens_allow() -> None:
    """Rows of 4: two fit in 10 tokens; one of 20 is a batch alone."""
    batches = batches_by_tokens(np.array([4, 4, 20, 4]), max_tokens=10)
    assert [batch.tolist() for batch in batches] == [[2], [0, 1], [3]]


def test_no_rows_make_no_batch() -> None:
    assert batches_by_tokens(np.array([], dtype=np.int64), max_tokens=10) == []
