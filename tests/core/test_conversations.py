import copy
import pickle
from typing import Any

import pytest

from shared_router import Conversations, InvalidInputError, Message, turns_of

ASKED = Message("user", "What is a monad?")
ANSWERED = Message("assistant", "A monoid.")
CALLED = Message("assistant", "")
RESULT = Message("tool", "found")
IMAGE = Message("user", "")


def texts(*messages: Message) -> list[tuple[str, str | None]]:
    return [(turn.user_text, turn.previous_answer) for turn in turns_of(messages)]


def after(*messages: Message) -> Any:
    return turns_of(messages)


def test_each_message_of_the_users_own_is_a_turn_after_what_the_model_had_said() -> None:
    conversation = (Message("system", "Be kind."), ASKED, ANSWERED, Message("user", "why?"))
    assert texts(*conversation) == [("What is a monad?", None), ("why?", "A monoid.")]
    assert texts() == []


def test_what_a_framework_or_a_tool_writes_is_no_turn() -> None:
    observation = Message("user", "Observation: found", synthetic=True)
    assert texts(ASKED, CALLED, RESULT, observation) == [("What is a monad?", None)]


def test_an_answer_that_only_calls_a_tool_is_not_what_the_model_had_said_last() -> None:
    conversation = (ASKED, ANSWERED, Message("user", "Look."), CALLED, RESULT, Message("user", "why?"))
    assert texts(*conversation)[-1] == ("why?", "A monoid.")


def test_an_image_is_a_turn_unless_it_follows_a_tools_result() -> None:
    assert texts(IMAGE) == [("", None)]
    assert texts(ASKED, CALLED, RESULT, IMAGE) == [("What is a monad?", None)]
    assert texts(ASKED, CALLED, RESULT, ANSWERED, IMAGE)[-1] == ("", "A monoid.")
    assert texts(Message("user", "A summary.", synthetic=True), IMAGE) == [("", None)]


@pytest.mark.parametrize(
    ("messages", "in_tool_loop"),
    [
        ((ASKED,), False),
        ((ASKED, CALLED, RESULT), True),
        ((ASKED, CALLED, RESULT, IMAGE), True),
        ((ASKED, CALLED, Message("user", "Observation: found", synthetic=True)), True),
        ((ASKED, CALLED, RESULT, ANSWERED), False),
        ((ASKED, CALLED, RESULT, Message("user", "Stop.")), False),
    ],
)
def test_a_tool_loop_lasts_until_its_tools_are_answered(
    messages: tuple[Message, ...], in_tool_loop: bool
) -> None:
    assert turns_of(messages)[-1].in_tool_loop is in_tool_loop


def test_a_turn_finds_the_model_of_the_turn_before_it() -> None:
    conversations = Conversations(10)
    conversations.keep(after(ASKED), "strong")
    second = after(ASKED, ANSWERED, Message("user", "why?"))
    assert conversations.model_of(second) == "strong"
    assert conversations.model_of(after(ASKED)) is None, "who only begins alike goes on with nothing"
    conversations.keep(second, "weak")
    third = (*(ASKED, ANSWERED, Message("user", "why?")), Message("assistant", "So."), Message("user", "ok"))
    assert conversations.model_of(after(*third)) == "weak"
    assert conversations.model_of(after(*third[1:])) == "weak", "a memory may cut off the beginning"


def test_texts_that_were_padded_or_broken_into_lines_are_the_same() -> None:
    conversations = Conversations(10)
    conversations.keep(after(ASKED), "strong")
    stored = Message("user", "  What is\na monad? \n")
    assert conversations.model_of(after(stored, ANSWERED, Message("user", "why?"))) == "strong"


def test_a_tool_loop_finds_its_own_turns_model() -> None:
    conversations = Conversations(10)
    conversations.keep(after(ASKED), "strong")
    assert conversations.model_of(after(ASKED, CALLED, RESULT), sticky="tool_loop") == "strong"
    assert conversations.model_of(after(ASKED, CALLED, RESULT), sticky="conversation") == "strong"
    assert conversations.model_of(after(ASKED, CALLED, RESULT), sticky=False) is None


def test_a_new_turn_is_no_tool_loop() -> None:
    conversations = Conversations(10)
    conversations.keep(after(ASKED), "strong")
    second = after(ASKED, ANSWERED, Message("user", "why?"))
    assert conversations.model_of(second, sticky="tool_loop") is None


def test_first_turns_that_went_to_several_models_go_where_the_score_says() -> None:
    conversations = Conversations(10, first_turn_model={"What is a monad?": "weak"}.get)
    conversations.keep(after(ASKED), "strong")
    conversations.keep(after(ASKED), "weak")
    second = after(ASKED, ANSWERED, Message("user", "why?"))
    assert conversations.model_of(second) == "weak"
    silent = Conversations(10)
    silent.keep(after(ASKED), "strong")
    silent.keep(after(ASKED), "weak")
    assert silent.model_of(second) is None


def test_what_nobody_asked_is_no_earlier_turn() -> None:
    conversations = Conversations(10, first_turn_model=lambda text: "strong")
    assert conversations.model_of(after(ASKED, ANSWERED, Message("user", "why?"))) is None


def test_only_the_latest_turns_are_remembered_and_never_their_words() -> None:
    conversations = Conversations(2)
    for name in "abc":
        conversations.keep(after(Message("user", f"secret {name}")), "strong")
    assert len(conversations) == 2
    secret = after(Message("user", "secret c"))
    assert "secret" not in repr(vars(conversations)["_kept"]) + repr(secret)
    none = Conversations(0)
    none.keep(secret, "strong")
    assert len(none) == 0


@pytest.mark.parametrize("size", [-1, 1.5, True, "many", None])
def test_the_size_must_be_a_number_of_turns(size: Any) -> None:
    with pytest.raises(InvalidInputError, match="size must be a number of turns >= 0"):
        Conversations(size)


def test_a_pickle_and_a_deep_copy_remember_nothing() -> None:
    conversations = Conversations(7)
    conversations.keep(after(ASKED), "strong")
    for copied in (pickle.loads(pickle.dumps(conversations)), copy.deepcopy(conversations)):  # noqa: S301
        assert (copied.size, len(copied)) == (7, 0)


def test_two_questions_that_nobody_answered_in_between_are_not_kept_as_a_first_turn() -> None:
    conversations = Conversations(10)
    conversations.keep(after(ASKED, Message("user", "why?")), "strong")
    assert len(conversations) == 0


def test_odd_characters_and_empty_texts_have_a_key() -> None:
    conversations = Conversations(10)
    conversations.keep(after(Message("user", "\ud800")), "weak")
    assert conversations.model_of(after(Message("user", "\ud800"), ANSWERED, IMAGE)) == "weak"


def test_a_named_conversation_is_known_by_its_name_alone() -> None:
    conversations = Conversations(10)
    conversations.keep(after(ASKED), "strong", name="a")
    other_words = after(Message("user", "Hi"))
    assert conversations.model_of(other_words, name="a") == "strong"
    assert conversations.model_of(after(ASKED, ANSWERED, Message("user", "why?")), name="b") is None
    assert conversations.model_of(after(ASKED, ANSWERED, Message("user", "why?"))) is None


def test_a_conversations_last_turn_says_when_it_was() -> None:
    now = [100.0]
    conversations = Conversations(10, clock=lambda: now[0])
    conversations.keep(after(ASKED), "weak", name="a")
    now[0] = 500.0
    kept = conversations.last(after(ASKED), name="a")
    assert kept is not None
    assert (kept.model, kept.at) == ("weak", 100.0)


@pytest.mark.parametrize("name", [None, "a"])
def test_a_released_conversation_is_with_no_model(name: str | None) -> None:
    conversations = Conversations(10)
    turns = after(ASKED, ANSWERED, Message("user", "why?"))
    conversations.keep(after(ASKED), "strong", name=name)
    conversations.keep(turns, "strong", name=name)
    conversations.release(turns, name=name)
    assert conversations.model_of(turns, name=name) is None
