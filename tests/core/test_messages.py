"""messages.py: every way to write a conversation is read in one form, and what is none is refused."""

from types import SimpleNamespace
from typing import Any

import pytest

from shared_router import Message, QueryError, plain_messages, query_of
from shared_router.messages import question_of

USER = {"role": "user", "content": "What is 2+2?"}


@pytest.mark.parametrize(
    "written",
    [
        {"role": "user", "content": "What is 2+2?"},
        {"role": "Human", "content": "What is 2+2?", "id": "7"},
        {"role": "user", "content": [{"type": "text", "text": "What is 2+2?"}]},
        {"role": "user", "content": [{"type": "image_url", "image_url": {}}, "What is 2+2?"]},
        ("user", "What is 2+2?"),
        ["human", "What is 2+2?"],
        Message("user", "What is 2+2?"),
        {"type": "human", "content": "What is 2+2?"},
        SimpleNamespace(type="human", content="What is 2+2?"),  # as LangChain's messages are
        SimpleNamespace(type="HumanMessageChunk", content=[{"type": "text", "text": "What is 2+2?"}]),
        SimpleNamespace(role="user", content="What is 2+2?"),  # as LlamaIndex's and OpenAI's are
        SimpleNamespace(role="user", content=[SimpleNamespace(text="What is 2+2?")]),
    ],
    ids=str,
)
def test_every_way_to_write_a_turn_gives_the_same_one(written: Any) -> None:
    assert plain_messages([written]) == [USER]


def test_an_answer_that_only_calls_tools_says_nothing() -> None:
    said = {"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]}
    assert plain_messages([said]) == [{"role": "assistant", "content": ""}]


def test_what_a_framework_wrote_in_the_users_name_stays_marked() -> None:
    marked = Message("user", "Observation: 4", synthetic=True)
    assert plain_messages([marked]) == [{"role": "user", "content": "Observation: 4", "synthetic": True}]
    assert plain_messages(plain_messages([marked])) == plain_messages([marked])
    assert question_of([("user", "What is 2+2?"), marked]) == "What is 2+2?"


def test_the_question_is_that_of_the_adapters_rule_for_follow_ups() -> None:
    said = [("user", "What is 2+2?"), ("assistant", "4"), ("user", "why?")]
    as_messages = [Message("user", "What is 2+2?"), Message("assistant", "4"), Message("user", "why?")]
    assert question_of(said) == query_of(as_messages) == "What is 2+2?\nwhy?"


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ("secret text", "str"),
        (USER, "dict"),
        (None, "NoneType"),
        (7, "int"),
        ({"user"}, "set"),
    ],
    ids=str,
)
def test_what_is_no_list_of_messages_is_refused_without_its_text(given: Any, kind: str) -> None:
    with pytest.raises(QueryError, match=f"a conversation must be a list of messages.*got {kind}") as caught:
        plain_messages(given)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("message", "rule"),
    [
        ("secret text", "a message must be"),
        ({"role": "user"}, "a message must be"),
        (("user", "a", "b"), "a message must be"),
        ({"role": "secret", "content": "a"}, "role must be one of"),
        ({"role": None, "content": "a"}, "role must be one of"),
        (("user", 7), "content must be text"),
        ({"role": "user", "content": {"text": "a"}}, "content must be text"),
        (("user", b"a"), "content must be text"),
        (("user", [["a"]]), "a part of a message must be"),
        (("user", [7]), "a part of a message must be"),
        (SimpleNamespace(content="a"), "a message must be"),
        (SimpleNamespace(role="user"), "a message must be"),
        (SimpleNamespace, "a message must be"),
    ],
    ids=str,
)
def test_a_message_that_is_none_is_refused_by_its_rule(message: Any, rule: str) -> None:
    with pytest.raises(QueryError, match=rule):
        plain_messages([USER, message])
