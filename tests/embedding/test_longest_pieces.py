"""Words are spelled with the longest pieces from the left; marks are cut off, unknown letters say nothing."""

import numpy as np
import pytest

from shared_router.embedding.longest_pieces import LongestPieces

PIECES = ["▁", "▁un", "▁under", "der", "stand", "s", ".", "猫", "▁猫は", "は", "好"]


@pytest.fixture(scope="module")
def words() -> LongestPieces:
    return LongestPieces(PIECES)


def spelled(words: LongestPieces, text: str) -> list[str]:
    return [PIECES[i] for i in words.ids(text)]


def test_the_longest_piece_from_the_left_is_taken(words: LongestPieces) -> None:
    assert spelled(words, "understands") == ["▁under", "stand", "s"]


def test_case_and_compatible_forms_make_no_difference(words: LongestPieces) -> None:
    """The full-width letters fold to ASCII ones."""
    assert spelled(words, "UNDER") == spelled(words, "ｕｎｄｅｒ") == ["▁under"]


def test_a_mark_behind_a_word_is_cut_off(words: LongestPieces) -> None:
    assert spelled(words, "under.") == ["▁under", "."]


def test_an_unknown_letter_says_nothing_and_the_others_still_do(words: LongestPieces) -> None:
    assert spelled(words, "猫Ж好") == ["猫", "好"]


def test_a_text_without_a_known_letter_has_no_ids(words: LongestPieces) -> None:
    assert words.ids("ЖЖ ЖЖ").shape == (0,)


def test_pieces_at_once_are_what_each_alone_is(words: LongestPieces) -> None:
    """Two lines of six words are two pieces; the shorter one's row ends in -1."""
    lines = ["under under under under under under", "un s un s un unders"]
    found = words.ids_of_pieces("\n".join(lines))
    assert found is not None
    assert [row[row >= 0].tolist() for row in found] == [words.ids(line).tolist() for line in lines]


def test_a_run_of_many_letters_is_spelled_at_its_two_ends(words: LongestPieces) -> None:
    """Of 10,000 letters 64 count, one of them the mark of the word's beginning."""
    assert words.ids("s" * 10_000).tolist() == [PIECES.index("s")] * 63


def test_what_is_remembered_is_what_was_spelled(words: LongestPieces) -> None:
    np.testing.assert_array_equal(words.ids("unders stand"), words.ids("unders stand"))


def test_a_long_piece_is_found_behind_a_short_one_of_the_same_beginning() -> None:
    """Both begin with the same five letters; the longest that the word has is taken, and once."""
    pieces = ["▁", "▁inter", "▁interest", "▁internation", "est", "s"]
    words = LongestPieces(pieces)
    assert [pieces[i] for i in words.ids("interests interest interest,")] == [
        *("▁interest", "s", "▁interest", "▁interest")
    ]
    assert [pieces[i] for i in words.ids("internest")] == ["▁inter", "est"]


def test_letters_of_other_scripts_are_looked_up_in_the_same_order() -> None:
    """Two letters begin pieces of two and three; the longest is taken, whatever the script."""
    pieces = ["▁", "东", "京", "东京", "东京都", "都", "▁é", "té", "▁été"]
    words = LongestPieces(pieces)
    assert [pieces[i] for i in words.ids("东京都东京东都")] == ["东京都", "东京", "东", "都"]
    assert [pieces[i] for i in words.ids("été été. tété")] == ["▁été", "▁été", "té", "té"]


@pytest.mark.parametrize("shortest", [1, 2, 3])
def test_every_cut_is_that_of_trying_each_length_from_the_longest(shortest: int) -> None:
    """2,000 words over three letters; the vocabulary's pieces have 1, 2 or 3 letters at least."""
    rng = np.random.default_rng(shortest)
    drawn = {"".join(rng.choice(list("abc"), n)) for n in rng.integers(shortest, 9, 150)}
    pieces = ["▁", *sorted(drawn), *sorted(f"▁{piece}" for piece in drawn if len(piece) < 8)]
    words = LongestPieces(pieces)
    known = set(pieces[1:])
    for _ in range(2000):
        text = "".join(rng.choice(list("abc"), rng.integers(1, 20)))
        rest, expected = f"▁{text}", []
        while rest:
            longest = next((n for n in range(len(rest), 0, -1) if rest[:n] in known), 0)
            expected += [rest[:longest]] if longest else []
            rest = rest[max(longest, 1) :]
        assert [pieces[i] for i in words.ids(text)] == expected
