"""The features of texts, counted by hand."""

import math

import numpy as np
import pytest

from shared_router.testing import HOSTILE_QUERIES
from shared_router.text_features import FEATURE_NAMES, text_features


def of(text: str) -> dict[str, float]:
    return dict(zip(FEATURE_NAMES, text_features([text])[0].tolist(), strict=True))


def count(text: str, name: str) -> float:
    """What `log_NAME` counted."""
    return round(math.expm1(of(text)[f"log_{name}"]), 6)


def test_each_column_has_a_name_of_its_own() -> None:
    assert len(set(FEATURE_NAMES)) == len(FEATURE_NAMES) == text_features(["a"]).shape[1]


def test_characters_are_counted_by_kind_as_shares_of_all() -> None:
    """`Is 2+2=4?` has 9 characters: 2 letters, 3 digits, 2 operators, a space, a question mark."""
    found = of("Is 2+2=4?")
    assert found["log_chars"] == pytest.approx(math.log(10))
    assert found["latin_share"] == pytest.approx(2 / 9)
    assert found["digit_share"] == pytest.approx(3 / 9)
    assert found["operator_share"] == pytest.approx(2 / 9)
    assert found["capitals_share"] == pytest.approx(1 / 9)


def test_words_are_counted_by_length_and_capitals() -> None:
    """`The NASA elephants ran to a` has 6 words of 22 letters."""
    found = of("The NASA elephants ran to a")
    assert math.expm1(found["log_words"]) == pytest.approx(6)
    assert found["letters_per_word"] == pytest.approx(22 / 6)
    assert found["long_word_share"] == pytest.approx(1 / 6)
    assert found["capitalised_share"] == pytest.approx(1 / 6)
    assert found["all_capitals_share"] == pytest.approx(1 / 6)
    assert found["single_letter_share"] == pytest.approx(1 / 6)
    assert math.expm1(found["log_longest_word"]) == pytest.approx(9)


def test_two_chinese_characters_pass_for_a_word_and_a_wide_stop_ends_a_sentence() -> None:
    found = of("光是什么？光是波。")
    assert math.expm1(found["log_words"]) == pytest.approx(3.5)
    assert math.expm1(found["log_sentences"]) == pytest.approx(2)
    assert found["log_what_words"] == pytest.approx(math.log(2))


def test_numbers_and_decimals_are_counted_and_a_decimal_point_ends_no_sentence() -> None:
    text = "I paid 3.50 and 1,200 in 2024. Then 7."
    assert count(text, "numbers") == 6
    assert count(text, "long_numbers") == 2
    assert count(text, "longest_number") == 4
    assert count(text, "decimals") == 2
    assert count(text, "sentences") == 2
    assert count(text, "points_inside") == 1


@pytest.mark.parametrize(
    ("text", "n"),
    [
        ("Which?\nA) red\nB) blue\nC) green", 3),
        ("Is it (a) one or (b) two", 2),
        ("A. 1 B. 2", 2),
        ("a cat", 0),
    ],
)
def test_options_are_counted_in_lines_and_within_them(text: str, n: int) -> None:
    assert count(text, "options") == n


def test_lines_of_a_list_are_counted() -> None:
    text = "Do:\n- this\n- that\n\n1. first\n2) second\n  and more"
    assert count(text, "lines") == 6
    assert count(text, "bullets") == 2
    assert count(text, "numbered_items") == 2
    assert count(text, "blank_lines") == 1
    assert count(text, "indented_lines") == 1


def test_code_formulas_and_addresses_are_counted() -> None:
    assert count("def f(x): return np.exp(x)", "calls") == 2
    assert count("a.b and c_d", "joined_names") == 2
    assert count(r"\frac{1}{2} + \alpha", "escapes") == 2
    assert count("see https://a.b", "addresses") == 1
    assert count("fill ____ in", "blanks") == 2
    assert count("```x```", "fences") == 2


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Prove it", "proof"),
        ("Beweise das", "proof"),
        ("Demuestra que", "proof"),
        ("请证明", "proof"),
        ("why?", "why"),
        ("Warum?", "why"),
        ("لماذا؟", "why"),
        ("なぜ空は青い", "why"),
        ("Почему так?", "why"),
    ],
)
def test_words_of_several_languages_name_one_kind_of_task(text: str, name: str) -> None:
    assert of(text)[f"log_{name}_words"] > 0


def test_a_repeated_word_names_a_task_once() -> None:
    """Two distinct words of four."""
    found = of("Why, why, why not")
    assert found["log_why_words"] == pytest.approx(math.log(2))
    assert found["distinct_word_share"] == pytest.approx(2 / 4)


def test_the_first_word_says_what_a_text_does() -> None:
    assert of("What is it")["first_asks"] == 1
    assert of("Explain it")["first_orders"] == 1
    assert of("If x, what")["first_supposes"] == 1
    assert of("Thanks a lot")["first_greets"] == 1


def test_the_ends_of_a_text_are_looked_at_without_blanks() -> None:
    found = of("  Is it so?  \n")
    assert (found["starts_with_capital"], found["ends_with_question"], found["ends_without_mark"]) == (
        1,
        1,
        0,
    )
    assert of("as follows:")["ends_with_colon"] == 1
    assert of("no mark")["ends_without_mark"] == 1


def test_a_row_does_not_depend_on_the_others() -> None:
    texts = ["", "What?", "光", "a\n\nb", "x" * 70_000, "- a\n- b", "\n\n"]
    alone = np.concatenate([text_features([text]) for text in texts])
    assert np.array_equal(text_features(texts), alone)
    assert np.array_equal(text_features(texts[::-1]), alone[::-1])


def test_any_text_gives_finite_numbers_and_no_text_none() -> None:
    found = text_features(HOSTILE_QUERIES)
    assert np.isfinite(found).all()
    assert (found >= 0).all()
    assert text_features([]).shape == (0, len(FEATURE_NAMES))


def test_a_long_text_is_read_at_its_two_ends() -> None:
    text = "Prove it. " + "x" * 1_000_000 + " why?"
    found = of(text)
    assert found["log_proof_words"] > 0
    assert found["log_why_words"] > 0
    assert math.expm1(found["log_chars"]) < 10_000
