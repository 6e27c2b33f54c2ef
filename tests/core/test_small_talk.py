"""small_talk.py: what stands around a question is taken off, and nothing of the question."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared_router.small_talk import without_small_talk

QUESTION = "Why does ice float on water?"

BEFORE = (
    "Hi, ",
    "Hello!\n",
    "Hey there. ",
    "Good evening, ",
    "Dear Professor Lee,\n\n",
    "Hi all, I hope you are having a great week. ",
    "Thanks for helping me. ",
    "Excuse me, can you please help me with something? ",
    "Please could you tell me: ",
    "You are a friendly and helpful AI assistant. ",
    "Question: ",
    "User: hello\nQuestion: ",
    "Bonjour, ",
)
BEHIND = (
    " Thanks!",
    "\nThank you very much for your help.",
    " Please.",
    " Cheers",
    "\n\nKind regards,\nMaria",
    " Many thanks, and have a great day!",
    " I appreciate your time.",
)
# a question that begins, ends or is made of the words of small talk
WHOLE = (
    "Thanks!",
    "Hello World in Python prints nothing",
    "You are a physicist. Explain entropy.",
    "The pardon of Nixon: was it legal?",
    "Good soil needs what?",
    "",
    " ",
    "?",
)
PHRASES = st.lists(st.sampled_from(BEFORE + BEHIND + WHOLE), max_size=6).map(" ".join)


@pytest.mark.parametrize("before", BEFORE)
def test_what_stands_before_a_question_is_taken_off(before: str) -> None:
    assert without_small_talk(before + QUESTION) == QUESTION


@pytest.mark.parametrize("behind", BEHIND)
def test_what_stands_behind_a_question_is_taken_off(behind: str) -> None:
    assert without_small_talk(QUESTION + behind).rstrip() == QUESTION


@pytest.mark.parametrize("text", WHOLE)
def test_a_text_that_is_all_there_is_stays(text: str) -> None:
    assert without_small_talk(text) == text


@pytest.mark.parametrize(
    "begin", ["Which planet", "The nearest planet", "What, of these,", "In what year?", "(a) It is"]
)
@pytest.mark.parametrize(
    "end", ["is near?", "is it.\nAnswer:", "do you\nlike best", "was good", "dear to me"]
)
def test_a_glance_sees_what_a_close_look_does(begin: str, end: str) -> None:
    """Small talk around a text has it looked at closely, and the text itself may be kept at a glance."""
    text = f"{begin} that one which physicists say orbits the Sun {end}"
    assert without_small_talk(f"Hello!\n{text}\nThanks!").rstrip() == text
    assert without_small_talk(text) == text


def test_of_a_text_that_is_all_small_talk_the_last_clause_stays() -> None:
    assert without_small_talk("Hello, how are you?") == "how are you?"


def test_politeness_within_a_question_stays() -> None:
    text = "Translate: he said hello, and thanked her. Which verbs are in the past?"
    assert without_small_talk(text) == text


@given(PHRASES | st.text(max_size=200))
def test_taking_it_off_twice_changes_nothing(text: str) -> None:
    once = without_small_talk(text)
    assert without_small_talk(once) == once


@given(PHRASES | st.text(max_size=200))
def test_what_is_left_is_the_text_without_some_of_it(text: str) -> None:
    """Nothing is added or moved: what is left is a subsequence, and has a word where the text had one."""
    characters = iter(text)
    left = without_small_talk(text)
    assert all(character in characters for character in left)
    assert any(map(str.isalnum, left)) == any(map(str.isalnum, text))
