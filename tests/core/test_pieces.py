"""pieces.py: every word is in one piece, and no piece is much shorter or longer than a line."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from shared_router.pieces import LEAST_WORDS, MOST_WORDS, ends_of_pieces, is_plain, pieces_of

WORDS = st.lists(st.sampled_from(["a", "b.", "word", "c?\n", "x" * 40]), max_size=300)
TEXT = st.text(max_size=400) | WORDS.map(" ".join)
PLAIN = st.lists(
    st.sampled_from(["a", "b. ", "word?", " ", "\n", "\t", ": ", ".\r", "x" * 24, "é", "ß… "]), max_size=90
)


def test_pieces_end_where_clauses_do() -> None:
    """The first clause has 7 words, the second 6, and the last is what is left."""
    text = "Ice is lighter than the water below. Why is that so, my dear? Say it."
    assert pieces_of(text) == [
        "Ice is lighter than the water below.",
        "Why is that so, my dear?",
        "Say it.",
    ]


def test_clauses_of_one_word_are_packed_together() -> None:
    assert pieces_of("one. two. three. four. five. six. seven. eight.") == [
        "one. two. three. four. five. six.",
        "seven. eight.",
    ]


def test_a_long_clause_is_cut() -> None:
    assert [len(piece.split()) for piece in pieces_of("word " * 30)] == [12, 12, 6]


def test_a_run_without_spaces_is_cut_by_characters() -> None:
    """48 characters count as six words, and twelve are the most that a piece has."""
    assert pieces_of("冰" * 100) == [f"{'冰' * 48} {'冰' * 48}", "冰" * 4]


def test_an_address_stays_whole_and_counts_as_many_words() -> None:
    """50 characters count as 6 words, and a line of so many ends the piece."""
    address = "https://example.org/" + "a" * 30
    assert pieces_of(f"{address}\nWhat is it?") == [address, "What is it?"]


def test_a_text_without_words_has_no_pieces() -> None:
    assert pieces_of("") == pieces_of(" \n ") == []


@given(TEXT)
def test_the_pieces_hold_every_character_that_is_no_space(text: str) -> None:
    assert "".join("".join(pieces_of(text)).split()) == "".join(text.split())


@given(TEXT.filter(str.isascii))
def test_all_pieces_but_the_last_have_their_length(text: str) -> None:
    for piece in pieces_of(text)[:-1]:
        words = [max(1, len(word) // 8) if len(word) > 24 else 1 for word in piece.split()]
        assert sum(words) >= LEAST_WORDS
        assert sum(words[:-1]) < MOST_WORDS


@given(st.lists(PLAIN.map("".join).filter(is_plain), min_size=1, max_size=6))
def test_texts_together_are_cut_as_each_is_alone(texts: list[str]) -> None:
    alone = [pieces_of(text) for text in texts]
    ends, of_texts = ends_of_pieces(texts)
    words = [word for text in texts for word in text.split()]
    found = [" ".join(words[start:end]) for start, end in zip([0, *ends], ends, strict=False)]
    assert found == [piece for pieces in alone for piece in pieces]
    assert of_texts.tolist() == np.cumsum([len(pieces) for pieces in alone]).tolist()


def test_some_texts_are_not_plain() -> None:
    """Without words, with a long one, with white space or the end of a clause beyond ASCII."""
    assert [is_plain(t) for t in ("", " \n", "x" * 25, "a\u2009b", "a\x85b", "好。 a", "a，b")] == [False] * 7
    assert [is_plain(t) for t in ("x" * 24, "café – ½", "é" * 24)] == [True] * 3
