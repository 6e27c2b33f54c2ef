"""pieces.py: every word is in one piece, and no piece is much shorter or longer than a line."""

from hypothesis import given
from hypothesis import strategies as st

from shared_router.pieces import LEAST_WORDS, MOST_WORDS, pieces_of

WORDS = st.lists(st.sampled_from(["a", "b.", "word", "c?\n", "x" * 40]), max_size=300)
TEXT = st.text(max_size=400) | WORDS.map(" ".join)


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
