"""trimmed.py: what one piece of a text says counts only as far as others say it too."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from shared_router import InvalidInputError, clean
from shared_router.embedding.shipped import EMBEDDERS, load_embedder
from shared_router.embedding.trimmed import (
    MAX_CHARS,
    MAX_CHARS_BEYOND_ASCII,
    TRIM,
    TrimmedEmbedder,
    bare_question,
)
from shared_router.pieces import pieces_of
from shared_router.testing import HashEmbedder

EMBEDDER = TrimmedEmbedder(HashEmbedder(dim=16))
QUESTION = "A train leaves the station at noon today. How far does it get until it stops?"


def test_a_text_of_one_piece_is_embedded_as_before() -> None:
    text = "Why does ice float"
    np.testing.assert_allclose(EMBEDDER.embed([text]), HashEmbedder(dim=16).embed([text]), atol=1e-6)


@pytest.mark.parametrize("trim", [-0.1, 0.51, float("nan")])
def test_a_trim_outside_its_range_is_refused(trim: float) -> None:
    with pytest.raises(InvalidInputError, match="trim must be in"):
        TrimmedEmbedder(HashEmbedder(), trim=trim)


def test_a_text_without_words_gets_zeros_and_no_text_no_rows() -> None:
    assert not EMBEDDER.embed(["", " "]).any()
    assert EMBEDDER.embed([]).shape == (0, 16)


class PieceByPiece:
    """The shipped embedder as one that must be asked for each piece."""

    def __init__(self) -> None:
        self.embed = load_embedder().embed


@pytest.mark.parametrize("word", ["rate", "[SEP]", "Zürich", "大小", "x" * 60, "a.b,", "\u0301"])
@given(data=st.data())
def test_pieces_are_embedded_together_as_they_are_one_by_one(word: str, data: st.DataObject) -> None:
    words = st.lists(
        st.sampled_from([word, "the train.", "Why", "\n", "unbelievably", "3*4", "how?", "ice", "a cat"])
    )
    text = " ".join(data.draw(words))
    rows = PieceByPiece().embed(pieces_of(bare_question(text)) or [""])
    rows = rows[rows.any(axis=1)]
    agreement, left_out = np.sort(rows @ rows.sum(axis=0)), int(TRIM * len(rows) + 0.5)
    # of two that agree equally little, rounding says which is left out
    assume(left_out == 0 or agreement[left_out] - agreement[left_out - 1] > 1e-4)
    together = TrimmedEmbedder(load_embedder()).embed([text])
    np.testing.assert_allclose(together, TrimmedEmbedder(PieceByPiece()).embed([text]), atol=1e-5)


@given(st.lists(st.text(max_size=300), max_size=4))
def test_a_row_has_length_one_or_none_and_does_not_depend_on_the_other_texts(texts: list[str]) -> None:
    rows = EMBEDDER.embed(texts)
    lengths = np.linalg.norm(rows, axis=1)
    assert all(length == 0 or abs(length - 1) < 1e-5 for length in lengths)
    for row, text in zip(rows, texts, strict=True):
        np.testing.assert_array_equal(row, EMBEDDER.embed([text])[0])


@pytest.mark.parametrize("name", EMBEDDERS)
def test_many_texts_at_once_get_the_rows_that_each_gets(name: str) -> None:
    """Plain ones, one beyond ASCII, none of words, one of a wide piece, and a long one."""
    embedder = TrimmedEmbedder(load_embedder(name))
    texts = [f"Name {i} primes above {i}. {QUESTION * (i % 5)}" for i in range(30)]
    texts += [
        "Wo ist das Caf\u00e9?",
        "\u0130 \ufb01 \u2026 \u2009 \u00bd\u2019s",
        "\u732b\u306f\u3002 a",
        "",
        "...",
        "[MASK] it",
        f"{'qz' * 12} " * 12 + "\na b c d e f" * 20,
        "word. " * 999,
    ]
    rows = embedder.embed(texts)
    np.testing.assert_array_equal(rows, np.concatenate([embedder.embed([text]) for text in texts]))


def test_a_piece_that_agrees_with_none_is_not_heard() -> None:
    """Five like sentences of six words are five pieces, and the foreign one before them the sixth."""
    text = " ".join(["A train leaves the station today."] * 5)
    alone, attacked = EMBEDDER.embed([text, f"Proton radiation orbit decay collision mercury. {text}"])
    np.testing.assert_allclose(attacked, alone, atol=1e-6)


def test_a_greeting_and_markup_change_no_row() -> None:
    alone, greeted = EMBEDDER.embed([QUESTION, f"Hi! **{QUESTION}** Thanks!"])
    np.testing.assert_array_equal(greeted, alone)


@pytest.mark.parametrize(("letter", "most"), [("a", MAX_CHARS), ("冰", MAX_CHARS_BEYOND_ASCII)])
def test_a_long_text_is_read_from_both_ends(letter: str, most: int) -> None:
    read = bare_question(f"first {letter * 10_000} last")
    assert len(read) == most + 1
    assert read.startswith(f"first {letter}")
    assert read.endswith(f"{letter} last")


@given(st.data())
def test_of_a_long_text_only_the_ends_are_cleaned_and_they_are_as_if_it_were_whole(
    data: st.DataObject,
) -> None:
    """Of letters with marks, of jamo that are joined, of what nobody sees and of plain words."""
    parts = ["e\u0301", "\u1112\u1161\u11ab", "\u200b\u200d", "a word. ", "冰", "\u0301" * 40, "\u0e01"]
    ends = st.lists(st.sampled_from(parts), min_size=80, max_size=200).map("".join)
    text = f"{data.draw(ends)}{'Zürich liegt am See. ' * 200}{data.draw(ends)}"[:8000]
    whole, half = clean(text), MAX_CHARS_BEYOND_ASCII // 2
    assert bare_question(text) == bare_question(f"{whole[:half]}\n{whole[-half:]}")


def test_it_blocks_where_the_embedder_of_its_pieces_does() -> None:
    assert TrimmedEmbedder(HashEmbedder()).blocking
    assert not TrimmedEmbedder(load_embedder()).blocking
