"""What a user wrote of a turn, and the question that a turn without one follows."""

from typing import Any

import pytest
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.base.llms.types import ChatMessage, MessageRole
from llama_index.core.prompts import PromptTemplate

from llamaindex_routellm import RoutedLLM
from shared_router import InvalidInputError
from tests.llamaindex.fakes import HARD, FakeChat, memory, models, routed_over_fakes
from tests.llamaindex.indexes import index_of_documents

QUESTION = f"{HARD}: prove it."


def history(*texts: str) -> list[ChatMessage]:
    roles = [MessageRole.USER, MessageRole.ASSISTANT]
    return [ChatMessage(role=roles[i % 2], content=text) for i, text in enumerate(texts)]


def test_a_follow_up_is_scored_with_the_question_it_follows() -> None:
    routed, spy = routed_over_fakes()
    assert routed.chat(history(QUESTION, "So.", "why?")).message.content == "big says so"
    assert routed.chat(history(QUESTION, "So.", "What is 2+2?")).message.content == "small says so"
    assert (
        routed.chat(history(QUESTION, "So.", "why?", "Because.", "yes, do it")).message.content
        == "big says so"
    )
    assert spy.seen == [f"{QUESTION}\nwhy?", "What is 2+2?", f"{QUESTION}\nyes, do it"]


def test_follow_ups_can_be_left_alone() -> None:
    routed, spy = routed_over_fakes(follow_ups=False)
    routed.chat(history(QUESTION, "So.", "why?"))
    assert spy.seen == ["why?"]


@pytest.mark.parametrize("mode", ["simple", "context", "condense_plus_context"])
async def test_a_chat_engines_follow_up_is_scored_with_its_question(mode: Any) -> None:
    """The step that condenses a question has no history but its prompt, so it is scored as it stands."""
    routed, spy = routed_over_fakes()
    chat = index_of_documents().as_chat_engine(chat_mode=mode, llm=routed, memory=memory())
    answers = [str(chat.chat(QUESTION)), str(await chat.achat("why?"))]
    answers.append("".join(chat.stream_chat("continue").response_gen))
    assert answers == ["big says so"] * 3
    assert f"{QUESTION}\nwhy?" in spy.seen
    assert f"{QUESTION}\ncontinue" in spy.seen


@pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecationWarning")
async def test_an_agents_follow_up_is_scored_with_its_question() -> None:
    def look(at: str) -> str:
        """Look something up."""
        return at

    call = {"name": "look", "kwargs": {"at": "it"}}
    routed, spy = routed_over_fakes(strong=FakeChat(model="big", tool_calls=[None, call]))
    agent = FunctionAgent(tools=[look], llm=routed)
    remembered = memory()
    answers = [str(await agent.run(user_msg=text, memory=remembered)) for text in (QUESTION, "why?")]
    assert answers == ["big says so"] * 2
    assert spy.seen == [QUESTION, f"{QUESTION}\nwhy?"]


def test_a_prompt_that_a_question_was_written_into_is_no_turn_before_it() -> None:
    """A reranker's choice list is its only message; the question comes from the call around it."""
    routed, spy = routed_over_fakes()
    index_of_documents().as_query_engine(llm=routed).query("why?")
    routed.predict(PromptTemplate("{context_str} {query_str}"), context_str=HARD, query_str="why?")
    assert spy.seen == ["why?"]


def test_what_programs_write_into_a_users_turn_is_taken_out() -> None:
    routed, spy = routed_over_fakes()
    reminder = f"<system-reminder>{HARD}</system-reminder>"
    routed.chat(history(f"{reminder}\nWhat is 2+2?"))
    routed.predict(PromptTemplate("{query_str}"), query_str=f"{reminder}easy")
    routed.complete(f"What is it?\n{reminder}")
    assert spy.seen == ["What is 2+2?", "easy", "What is it?"]


def test_a_programs_own_text_is_taken_out_by_its_own_function() -> None:
    routed, spy = routed_over_fakes(strip=lambda text: text.removeprefix("[from the web] "))
    assert routed.chat(history("[from the web] easy")).message.content == "small says so"
    routed.predict(PromptTemplate("{query_str}"), query_str="[from the web] easier")
    index_of_documents().as_query_engine(llm=routed).query("[from the web] easiest")
    assert spy.seen == ["easy", "easier", "easiest"]


def test_a_text_of_which_nothing_is_the_users_is_no_question() -> None:
    routed, spy = routed_over_fakes(strip=lambda text: "", on_no_query="weak")
    assert routed.complete("HARD").additional_kwargs["routellm"]["reason"] == "no_query"
    assert spy.seen == []


def test_strip_must_be_a_function_from_text_to_text() -> None:
    with pytest.raises(InvalidInputError, match="strip must be a function or None, got str"):
        RoutedLLM(**models(strip="<x>"))
    with pytest.raises(InvalidInputError, match="strip must return a string, got NoneType"):
        RoutedLLM(**models(strip=lambda text: None)).complete("x")


def test_padding_and_zero_width_characters_hide_no_question_and_are_none() -> None:
    routed, spy = routed_over_fakes(on_no_query="weak")
    assert routed.complete("\u200b" * 10).additional_kwargs["routellm"]["reason"] == "no_query"
    assert routed.complete(" " * 5000 + QUESTION + "\u200b" * 5000).text == "big says so"
    assert spy.seen == [QUESTION]
