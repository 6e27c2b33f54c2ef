"""A router that reads conversations is given them by a routed LLM, and asked once for each."""

from llama_index.core.base.llms.types import ChatMessage, MessageRole

from llamaindex_routellm import RoutedLLM
from tests.conversation_reader import Reader
from tests.llamaindex.fakes import models

ASK, ANSWER = MessageRole.USER, MessageRole.ASSISTANT


def routed(reader: Reader) -> RoutedLLM:
    return RoutedLLM(**models(router=reader), threshold=0.5)


def talk(*texts: str) -> list[ChatMessage]:
    return [ChatMessage(role=[ASK, ANSWER][i % 2], content=text) for i, text in enumerate(texts)]


async def test_chat_and_achat_are_decided_by_the_whole_conversation() -> None:
    for is_async in (False, True):
        reader = Reader()
        llm = routed(reader)
        said = talk("What is 2+2?", "4", "Now prove it.")
        answer = await llm.achat(said) if is_async else llm.chat(said)
        assert answer.message.content == "big says so"
        assert [(m["role"], m["content"]) for m in reader.given[0]] == [
            ("user", "What is 2+2?"),
            ("assistant", "4"),
            ("user", "Now prove it."),
        ]


def test_one_question_in_two_conversations_is_scored_in_each() -> None:
    llm = routed(Reader())
    for _ in range(2):
        assert llm.chat(talk("Now prove it.")).message.content == "small says so"
        assert llm.chat(talk("What is 2+2?", "4", "Now prove it.")).message.content == "big says so"


def test_one_conversation_is_scored_once() -> None:
    reader = Reader()
    llm = routed(reader)
    llm.chat(talk("hello there, who?"))
    for _ in range(3):
        llm.chat(talk("What is 2+2?", "4", "Now prove it."))
    assert len(reader.given) == 2


def test_a_completion_is_a_conversation_of_one_turn() -> None:
    reader = Reader()
    assert routed(reader).complete("What is 2+2?").text == "small says so"
    assert reader.given == [[{"role": "user", "content": "What is 2+2?"}]]
