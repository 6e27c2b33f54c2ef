"""Whether what goes on keeps its model: the rule `sticky`, and how a conversation is known."""

from typing import Any

import pytest
from llama_index.core import PromptTemplate
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.base.llms.types import ChatMessage, ImageBlock, MessageRole
from llama_index.core.prompts import ChatPromptTemplate
from llama_index.core.tools import FunctionTool

from llamaindex_routellm import RoutedLLM
from llamaindex_routellm.calls import LLMCall, conversation_of
from shared_router import InvalidInputError, RouterFallbackWarning, turns_of
from shared_router.testing import FixedRouter
from tests.llamaindex.fakes import FakeChat, SpyRouter, memory, models, routed_over_fakes
from tests.llamaindex.indexes import index_of_documents

EASY, HARD = "What is 2+2?", "HARD: why?"


class Conversation:
    """A conversation over `chat`, as a program leads one: the history goes along."""

    def __init__(self, routed: RoutedLLM) -> None:
        self.routed = routed
        self.history: list[ChatMessage] = []

    def say(self, text: str) -> tuple[str, str]:
        self.history.append(ChatMessage(content=text))
        response = self.routed.chat(self.history)
        self.history.append(response.message)
        decision = response.additional_kwargs["routellm"]
        return decision["model"], decision["reason"]


def kept(**kwargs: Any) -> tuple[RoutedLLM, SpyRouter]:
    return routed_over_fakes(sticky="conversation", **kwargs)


@pytest.mark.parametrize("sticky", ["always", True, None, []])
def test_an_unknown_rule_is_refused(sticky: Any) -> None:
    with pytest.raises(InvalidInputError, match="sticky must be one of"):
        RoutedLLM(**models(sticky=sticky))


@pytest.mark.parametrize("sticky", ["tool_loop", False])
def test_each_turn_is_a_question_of_its_own_by_default(sticky: Any) -> None:
    conversation = Conversation(routed_over_fakes(sticky=sticky)[0])
    assert [conversation.say(text) for text in (HARD, EASY)] == [("strong", "score"), ("weak", "score")]


def test_a_conversation_stays_with_the_model_that_answered_it() -> None:
    routed, spy = kept()
    conversation = Conversation(routed)
    expected = [("strong", "score"), *[("strong", "sticky")] * 3]
    assert [conversation.say(text) for text in (HARD, EASY, "continue", "thanks")] == expected
    assert spy.seen == [HARD]


def test_conversations_that_begin_alike_and_say_the_same_are_kept_apart() -> None:
    """Both say "continue" in their second and third turns; only what the model said before differs."""
    routed, _ = kept()
    hard, easy = Conversation(routed), Conversation(routed)
    assert (hard.say(HARD)[0], easy.say(EASY)[0]) == ("strong", "weak")
    for _turn in range(3):
        assert (hard.say("continue")[0], easy.say("continue")[0]) == ("strong", "weak")


def test_one_users_choice_does_not_move_another_who_began_with_the_same_words() -> None:
    routed, _ = kept()
    theirs, mine = Conversation(routed), Conversation(routed)
    assert mine.say(EASY) == ("weak", "score")
    with routed.override(route="strong"):
        assert theirs.say(EASY) == ("strong", "route")
    assert mine.say("continue") == ("weak", "sticky")


def test_a_first_turns_model_is_kept_whatever_decided_it() -> None:
    """By its score "2+2" goes weak; a caller's choice, and tools that only strong can call, move it."""
    routed, _ = kept(strong=FakeChat(model="big"), weak=FakeChat(model="small", calls_functions=False))
    chosen, tools = Conversation(routed), Conversation(routed)
    with routed.override(route="strong"):
        assert chosen.say(EASY) == ("strong", "route")
    tools.history.append(ChatMessage(content="look it up"))
    tool = FunctionTool.from_defaults(lambda at: at, name="look")
    answer = routed.chat_with_tools([tool], chat_history=tools.history)
    assert answer.additional_kwargs["routellm"]["reason"] == "capability:tools"
    tools.history.append(answer.message)
    for conversation in (chosen, tools):
        assert conversation.say("continue") == ("strong", "sticky")


def test_a_first_turns_tool_loop_stays_with_the_model_that_it_was_sent_to() -> None:
    routed, _ = kept()
    conversation = Conversation(routed)
    with routed.override(route="strong"):
        conversation.say(EASY)
    conversation.history.append(ChatMessage(role=MessageRole.TOOL, content="found"))
    decision = routed.chat(conversation.history).additional_kwargs["routellm"]
    assert (decision["model"], decision["reason"]) == ("strong", "sticky")


def test_a_first_turns_fallback_is_kept_when_the_router_works_again() -> None:
    answers = iter([float("nan"), 0.2])
    router = FixedRouter(lambda query: next(answers))
    conversation = Conversation(RoutedLLM(**models(router=router, sticky="conversation")))
    with pytest.warns(RouterFallbackWarning):
        assert conversation.say(EASY) == ("strong", "router_error:RouterOutputError")
    assert conversation.say("continue") == ("strong", "sticky")


def test_a_conversation_follows_the_model_that_it_was_moved_to() -> None:
    routed, _ = kept()
    conversation = Conversation(routed)
    conversation.say(EASY)
    with routed.override(route="strong"):
        assert conversation.say("continue") == ("strong", "route")
    assert conversation.say("and on") == ("strong", "sticky")


def test_a_conversation_is_known_after_its_beginning_is_cut_off() -> None:
    """A memory keeps the latest turns; the turn before is known by what was said before it."""
    routed, _ = kept()
    conversation = Conversation(routed)
    for text in (HARD, "continue", "and on"):
        conversation.say(text)
    conversation.history = conversation.history[3:]  # from the answer before "and on"
    assert conversation.say(EASY) == ("strong", "sticky")


def test_examples_in_a_prompt_are_no_earlier_turns() -> None:
    routed, _ = kept()
    examples = [ChatMessage(content=HARD), ChatMessage(role="assistant", content="Because.")]
    decision = routed.chat([*examples, ChatMessage(content=EASY)]).additional_kwargs["routellm"]
    assert (decision["model"], decision["reason"]) == ("weak", "score")


def test_what_a_conversations_model_cannot_do_goes_elsewhere() -> None:
    """Tools move it to the one model that calls them; it stays there."""
    routed, _ = kept(strong=FakeChat(model="big"), weak=FakeChat(model="small", calls_functions=False))
    conversation = Conversation(routed)
    assert conversation.say(EASY) == ("weak", "score")
    tool = FunctionTool.from_defaults(lambda at: at, name="look")
    asked = [*conversation.history, ChatMessage(content="look it up")]
    answer = routed.chat_with_tools([tool], chat_history=asked)
    assert answer.additional_kwargs["routellm"]["reason"] == "capability:tools"
    conversation.history = [*asked, answer.message]
    assert conversation.say("thanks") == ("strong", "sticky")


def test_without_a_memory_each_turn_is_scored() -> None:
    conversation = Conversation(kept(cache_size=0)[0])
    assert [conversation.say(text) for text in (HARD, EASY, "continue")] == [
        ("strong", "score"),
        ("weak", "score"),
        ("weak", "score"),
    ]


def test_only_the_latest_turns_are_remembered_and_never_their_words() -> None:
    routed, _ = kept(cache_size=2)
    kept_ones = routed._routing.conversations
    assert kept_ones is not None
    conversations = kept_ones.conversations
    for name in "abcd":
        conversation = Conversation(routed)
        for turn in ("first", "second", "third"):
            conversation.say(f"secret {name} {turn}")
    assert len(conversations) == 2
    assert "secret" not in repr(vars(conversations)["_kept"])


CHAT_MODES = ["simple", "context", "condense_plus_context"]


@pytest.mark.parametrize("mode", CHAT_MODES)
async def test_a_chat_engines_conversation_stays_with_its_model(mode: Any) -> None:
    """Each turn's answer; condensing is a request of its own, scored as what the user said."""
    routed, _ = kept()
    chat = index_of_documents().as_chat_engine(chat_mode=mode, llm=routed, memory=memory())
    answers = [str(chat.chat(HARD)), str(await chat.achat(EASY)), str(chat.chat("continue"))]
    answers.append("".join(chat.stream_chat("thanks").response_gen))
    assert answers == ["big says so"] * 4


@pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecationWarning")
async def test_an_agents_conversation_stays_with_its_model() -> None:
    call = {"name": "look", "kwargs": {"at": "it"}}
    routed, spy = kept(strong=FakeChat(model="big", tool_calls=[None, call]))

    def look(at: str) -> str:
        """Look something up."""
        return at

    agent = FunctionAgent(tools=[FunctionTool.from_defaults(look)], llm=routed)
    remembered = memory()
    answers = [str(await agent.run(user_msg=text, memory=remembered)) for text in (HARD, EASY, "continue")]
    assert answers == ["big says so"] * 3
    assert spy.seen == [HARD]


def test_a_failing_router_is_asked_again_within_a_question_where_nothing_sticks() -> None:
    """The tool's result would stay with the fallback, strong; without stickiness 0.2 < 0.5 goes weak."""

    def decided(sticky: Any) -> list[str]:
        answers = iter([float("nan"), 0.2])
        routed = RoutedLLM(**models(router=FixedRouter(lambda query: next(answers)), sticky=sticky))
        history = [ChatMessage(content=EASY)]
        with pytest.warns(RouterFallbackWarning):
            first = routed.chat(history)
        history += [first.message, ChatMessage(role="tool", content="found")]
        return [each.additional_kwargs["routellm"]["model"] for each in (first, routed.chat(history))]

    assert decided("tool_loop") == ["strong", "strong"]
    assert decided(False) == ["strong", "weak"]


def test_the_turns_of_a_chat_template_end_with_the_question() -> None:
    history = [
        ChatMessage(role=MessageRole.SYSTEM, content="{context_str}"),
        ChatMessage(content="one"),
        ChatMessage(role=MessageRole.ASSISTANT, content="first"),
        ChatMessage(content="{query_str}"),
    ]
    call = LLMCall(template=ChatPromptTemplate(message_templates=history))
    turns = turns_of(conversation_of(call, "two"))
    assert [(turn.user_text, turn.previous_answer) for turn in turns] == [("one", None), ("two", "first")]


def test_other_calls_belong_to_no_conversation() -> None:
    for call in (LLMCall(text="x"), LLMCall(template=PromptTemplate("{query_str}"))):
        assert conversation_of(call, "x") == []


def test_a_conversation_of_images_and_odd_characters_is_kept() -> None:
    routed, _ = kept()
    image = ChatMessage(role=MessageRole.USER, blocks=[ImageBlock(url="http://localhost/a.png")])
    history = [image, ChatMessage(role="assistant", content="\ud800"), ChatMessage(content=EASY)]
    assert routed.chat(history).additional_kwargs["routellm"]["model"] == "weak"
