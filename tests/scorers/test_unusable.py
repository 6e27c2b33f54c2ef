"""scorers/unusable.py: what cannot be good enough, and what only looks like it."""

import pytest

from shared_router import GivenAnswer
from shared_router.scorers.unusable import why_unusable


@pytest.mark.parametrize(
    "text",
    [
        "I'm sorry, but I can't assist with that request.",
        "I\u2019m sorry, I cannot help you there.",
        "Sorry, I am not able to answer this.",
        "As an AI language model, I cannot browse the internet.",
        "I cannot provide that information.",
        "**I apologize**, but I won't do that.",
        "Unfortunately, I am unable to help with this.",
    ],
)
def test_a_refusal_is_known_by_how_it_begins(text: str) -> None:
    assert why_unusable(GivenAnswer(text)) == "refused"


@pytest.mark.parametrize(
    "text",
    [
        "4",
        "I can help you with that.",
        "Sorry for the delay! The sum is 4.",
        "Write: 'I am sorry that I cannot come.'",
        "The list cannot be empty, so the loop runs at least once.",
        "I can't recommend the second option enough; here is why it wins.",
    ],
)
def test_an_answer_that_shares_words_with_a_refusal_is_none(text: str) -> None:
    assert why_unusable(GivenAnswer(text)) == ""


@pytest.mark.parametrize("reason", ["stop", "end_turn", "tool_calls", "STOP", None])
def test_an_answer_that_ended_by_itself_may_be_good(reason: str | None) -> None:
    assert why_unusable(GivenAnswer("4", finish_reason=reason)) == ""


def test_a_megabyte_of_spaces_and_words_is_looked_at_in_no_time() -> None:
    assert why_unusable(GivenAnswer("sorry " * 200_000)) == ""
