from typing import Any

import pytest
from llama_index.core.base.llms.types import ChatMessage, ImageBlock, MessageRole
from llama_index.core.prompts import ChatPromptTemplate, PromptTemplate, RichPromptTemplate
from llama_index.core.schema import QueryBundle

from llamaindex_routellm.calls import LLMCall
from llamaindex_routellm.query import QuestionFinder, question_scope
from shared_router import InvalidInputError

QA = PromptTemplate("Documents: {context_str}\nQ: {query_str}")


def found(call: LLMCall, **finder: Any) -> tuple[str | None, str]:
    question = QuestionFinder(**finder).find(call)
    return question.text, question.source


def chat(*turns: tuple[str, str]) -> LLMCall:
    return LLMCall(messages=[ChatMessage(role=MessageRole(role), content=text) for role, text in turns])


def test_a_variable_filled_in_earlier_is_the_question() -> None:
    """Response synthesizers fill in the question first and each chunk of documents when they call."""
    template = QA.partial_format(query_str="What is 2+2?")
    call = LLMCall(template=template, variables={"context_str": "HARD documents"})
    assert found(call) == ("What is 2+2?", "template")


def test_a_variable_given_with_the_call_is_the_question() -> None:
    assert found(LLMCall(template=QA, variables={"query_str": "What?"})) == ("What?", "template")


def test_a_query_bundle_is_a_question() -> None:
    variables = {"query_str": QueryBundle("What?")}
    assert found(LLMCall(template=QA, variables=variables)) == ("What?", "template")


def test_a_rich_template_holds_its_question_like_any_other() -> None:
    template = RichPromptTemplate("{{ context_str }} {{ query_str }}").partial_format(query_str="What?")
    assert found(LLMCall(template=template, variables={"context_str": "d"})) == ("What?", "template")


def test_the_first_of_the_query_keys_wins() -> None:
    template = PromptTemplate("{query_str} {mine}")
    variables = {"query_str": "theirs", "mine": "mine"}
    call = LLMCall(template=template, variables=variables)
    assert found(call, keys=["mine", "query_str"]) == ("mine", "template")


def test_a_template_without_a_question_holds_none() -> None:
    call = LLMCall(template=PromptTemplate("Give a title: {context_str}"), variables={"context_str": "HARD"})
    assert found(call) == (None, "prompt")


def test_a_template_without_variables_is_the_question_itself() -> None:
    assert found(LLMCall(template=PromptTemplate("Tell a joke."))) == ("Tell a joke.", "prompt")


def test_the_messages_of_a_finished_chat_template_are_read_like_messages() -> None:
    """Core's StructuredLLM wraps formatted messages in a template."""
    messages = [ChatMessage(role="system", content="HARD rules"), ChatMessage(role="user", content="What?")]
    assert found(LLMCall(template=ChatPromptTemplate(message_templates=messages))) == ("What?", "prompt")


def test_a_completions_text_is_the_question() -> None:
    assert found(LLMCall(text="What?")) == ("What?", "prompt")


def test_the_last_users_words_are_the_question() -> None:
    conversation = chat(("system", "HARD"), ("user", "old"), ("assistant", "HARD"), ("user", "new"))
    assert found(conversation) == ("new", "prompt")


def test_an_image_alone_is_no_question() -> None:
    image = ChatMessage(role="user", blocks=[ImageBlock(url="https://example.org/cat.png")])
    assert found(LLMCall(messages=[image])) == (None, "prompt")


def test_what_the_caller_says_is_the_question_before_all_else() -> None:
    with question_scope("mine"):
        assert found(LLMCall(template=QA, variables={"query_str": "theirs"})) == ("mine", "scope")
        with question_scope(None):
            assert found(LLMCall(text="What?")) == (None, "scope")
    assert found(LLMCall(text="What?")) == ("What?", "prompt")


def test_a_scope_refuses_what_is_no_text() -> None:
    with pytest.raises(InvalidInputError, match="a query must be text, or None for no question, got int"):
        question_scope(3).__enter__()  # type: ignore[arg-type]


def test_an_extractor_is_asked_before_the_template() -> None:
    call = LLMCall(template=QA, variables={"query_str": "theirs"})
    assert found(call, extractor=lambda call: "mine") == ("mine", "extractor")


def test_an_extractor_that_finds_nothing_lets_the_search_go_on() -> None:
    assert found(LLMCall(text="What?"), extractor=lambda call: None) == ("What?", "prompt")


def test_what_an_extractor_raises_reaches_the_caller() -> None:
    def extractor(call: LLMCall) -> str:
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        found(LLMCall(text="What?"), extractor=extractor)


def test_an_extractor_must_be_a_function() -> None:
    wrong: Any = "question"
    with pytest.raises(InvalidInputError, match="query_extractor must be a function or None, got str"):
        QuestionFinder(extractor=wrong)


def test_an_extractor_must_return_text_or_none() -> None:
    with pytest.raises(InvalidInputError, match="query_extractor must return text or None, got int"):
        found(LLMCall(text="What?"), extractor=lambda call: 3)


@pytest.mark.parametrize("keys", ["question", [3]])
def test_query_keys_must_be_names(keys: Any) -> None:
    with pytest.raises(InvalidInputError, match="query_keys must be names of template variables"):
        QuestionFinder(keys)


def test_a_calls_repr_holds_no_prompt() -> None:
    call = LLMCall(messages=[ChatMessage(content="secret")], text="secret", variables={"a": "secret"})
    assert "secret" not in repr(call)
    assert "secret" not in repr(QuestionFinder().find(LLMCall(text="secret")))
