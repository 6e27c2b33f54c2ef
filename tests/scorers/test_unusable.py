"""scorers/unusable.py: what cannot be good enough, and what only looks like it."""

import pytest

from shared_router import GivenAnswer
from shared_router.scorers.unusable import is_withheld, why_unusable


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


@pytest.mark.parametrize("text", ["", " \n\t", "\u200b\u200d", "\ufeff", "\0\0", "\xa0\u2063"])
def test_an_answer_of_which_nothing_is_seen_is_empty(text: str) -> None:
    assert why_unusable(GivenAnswer(text)) == "empty"


@pytest.mark.parametrize("text", ["4", "-", "\U0001f44d", "\u0928\u092e", "\u200b4"])
def test_an_answer_of_which_something_is_seen_is_not_empty(text: str) -> None:
    assert why_unusable(GivenAnswer(text)) == ""


@pytest.mark.parametrize(
    ("reason", "why"),
    [
        ("MAX_TOKENS", "cut short"),
        ("FinishReason.MAX_TOKENS", "cut short"),
        ("model_context_window_exceeded", "cut short"),
        ("ERROR_LIMIT", "cut short"),
        ("abort", "cut short"),
        ("PROHIBITED_CONTENT", "withheld"),
        ("BLOCKLIST", "withheld"),
        ("SPII", "withheld"),
        ("ERROR_TOXIC", "withheld"),
        ("guardrail_intervened", "withheld"),
    ],
)
def test_providers_say_in_their_own_words_that_an_answer_is_none(reason: str, why: str) -> None:
    """Gemini's, Anthropic's, Cohere's, Bedrock's and vLLM's."""
    assert why_unusable(GivenAnswer("4", finish_reason=reason)) == why


def test_a_megabyte_of_spaces_and_words_is_looked_at_in_no_time() -> None:
    assert why_unusable(GivenAnswer("sorry " * 200_000)) == ""


@pytest.mark.parametrize("reason", ["content_filter", "SAFETY", "FinishReason.PROHIBITED_CONTENT", "refusal"])
def test_a_providers_word_for_an_answer_that_it_kept_back_is_known(reason: str) -> None:
    assert is_withheld(reason)


@pytest.mark.parametrize("reason", [None, "", "stop", "length", "tool_calls"])
def test_an_answer_that_ended_otherwise_was_not_kept_back(reason: str | None) -> None:
    assert not is_withheld(reason)
