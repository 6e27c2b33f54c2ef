"""What is seen of a text at a glance: counts by hand, marks in every script, nothing of the other texts."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared_router.text import clean
from shared_router.text_features import GLANCE_NAMES, glance
from shared_router.text_features.glance import glance_numbers, glances


def seen(text: str) -> dict[str, float]:
    return dict(zip(GLANCE_NAMES, glance(text).tolist(), strict=True))


def test_an_english_question_is_counted_by_hand() -> None:
    """ "Is 2+2 four?": 12 characters, 3 words, 2 digits, 1 capital, 1 operator, 1 question mark."""
    found = seen("Is 2+2 four?")
    assert found["log_chars"] == pytest.approx(np.log(13))
    assert found["log_words"] == pytest.approx(np.log(4))
    assert found["chars_per_word"] == 4
    assert found["digit_share"] == pytest.approx(2 / 12)
    assert (
        found["operator_share"] == found["question_share"] == found["capital_share"] == pytest.approx(1 / 12)
    )
    assert found["asks"] == 1


@pytest.mark.parametrize("question", ["法国的首都是哪里？", "ما هي عاصمة فرنسا؟", "Where?"])
def test_a_question_mark_of_any_script_asks(question: str) -> None:
    found = seen(question)
    assert found["asks"] == 1
    assert found["question_share"] == pytest.approx(1 / len(question))


def test_wide_letters_pass_for_words() -> None:
    """Ten Chinese characters are 1 + 10 / 2.5 = 5 words."""
    assert seen("一二三四五六七八九十")["log_words"] == pytest.approx(np.log(6))


def test_an_empty_line_between_two_is_one_break() -> None:
    assert seen("a\n\nb")["log_breaks"] == seen("a\nb")["log_breaks"] == pytest.approx(np.log(2))


@pytest.mark.parametrize("text", ["", " ", "\ud800", "😀", "\n\n\n"])
def test_any_text_has_finite_features(text: str) -> None:
    found = glance(text)
    assert found.shape == (len(GLANCE_NAMES),)
    assert np.isfinite(found).all()
    assert (found >= 0).all()


def test_braces_are_brackets_and_marks_of_a_formula() -> None:
    """ "{x} (y)": two braces and two other brackets of 7 characters, one space."""
    found = seen("{x} (y)")
    assert found["bracket_share"] == pytest.approx(4 / 7)
    assert found["formula_share"] == pytest.approx(2 / 7)
    assert found["log_words"] == pytest.approx(np.log(3))


@pytest.mark.parametrize("text", ["", "Why?", "一二 {3}！"])
def test_plain_numbers_are_those_of_the_array(text: str) -> None:
    assert glance_numbers(text) == glance(text).tolist()


@given(st.lists(st.text(max_size=60) | st.text("a{}?,。？ \n.猫", max_size=40), max_size=8))
def test_many_texts_at_once_get_the_numbers_that_each_gets(texts: list[str]) -> None:
    found = glances([clean(text) for text in texts])
    assert found.tolist() == [glance_numbers(clean(text)) for text in texts]
