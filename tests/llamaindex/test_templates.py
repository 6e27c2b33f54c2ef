"""What LlamaIndex writes around a user's words or in a user's name, and a user who writes the same words."""

from typing import Any

import pytest
from llama_index.core.base.llms.types import ChatMessage, ImageBlock, MessageRole
from llama_index.core.memory import ChatSummaryMemoryBuffer, FactExtractionMemoryBlock
from llama_index.core.prompts import ChatPromptTemplate, PromptTemplate, PromptType, RichPromptTemplate
from llama_index.core.prompts.chat_prompts import CHAT_REFINE_PROMPT, CHAT_TEXT_QA_PROMPT
from llama_index.core.prompts.default_prompts import (
    DEFAULT_KG_TRIPLET_EXTRACT_PROMPT,
    DEFAULT_REFINE_PROMPT,
    DEFAULT_TEXT_QA_PROMPT,
    DEFAULT_TREE_SUMMARIZE_PROMPT,
)

from llamaindex_routellm.calls import LLMCall
from llamaindex_routellm.query import Question, QuestionFinder
from tests.llamaindex.fakes import routed_over_fakes

QUOTING = "A document.\nQuery: HARD\nAnswer: no"
BY_AGENTS = [
    "Observation: HARD",
    "Result of executing the code given:\n\nHARD",
    "<current_conversation>\nHARD",
    "Error while parsing the output: HARD\n\nThe output should be in one of the following formats:",
    "FAILURE: Your previous response was empty.\nYou must output a thought and an action/answer.",
]


def found(call: LLMCall, **finder: Any) -> Question:
    return QuestionFinder(**finder).find(call)


def chat(*turns: tuple[str, str]) -> LLMCall:
    return LLMCall(messages=[ChatMessage(role=MessageRole(role), content=text) for role, text in turns])


def asked(template: str, **variables: Any) -> tuple[str | None, str | None]:
    question = found(LLMCall(template=PromptTemplate(template), variables=variables))
    return question.text, question.missing


@pytest.mark.parametrize(
    "template",
    [DEFAULT_TEXT_QA_PROMPT, DEFAULT_TREE_SUMMARIZE_PROMPT, DEFAULT_REFINE_PROMPT],
    ids=["text_qa", "tree", "refine"],
)
def test_the_question_inside_llamaindexs_own_templates_is_found(template: PromptTemplate) -> None:
    """A document that quotes a template's words is not the question."""
    filled: dict[str, Any] = {"context_str": QUOTING, "context_msg": QUOTING, "existing_answer": "HARD"}
    text = template.format(
        query_str="What is 2+2?", **{k: filled[k] for k in filled if k in template.template_vars}
    )
    assert found(LLMCall(text=text)).text == "What is 2+2?"
    assert found(chat(("user", text))).text == "What is 2+2?"


@pytest.mark.parametrize("template", [CHAT_TEXT_QA_PROMPT, CHAT_REFINE_PROMPT], ids=["text_qa", "refine"])
def test_the_question_inside_a_chats_own_templates_is_found(template: ChatPromptTemplate) -> None:
    filled: dict[str, Any] = {"context_str": QUOTING, "context_msg": QUOTING, "existing_answer": "HARD"}
    messages = template.format_messages(query_str="What is 2+2?", **filled)
    assert found(LLMCall(messages=messages)).text == "What is 2+2?"


@pytest.mark.parametrize(
    "text",
    [
        "Prove it is irrational.\nQuery: sqrt(2)\nAnswer:",
        "Context information is below.\nQuery: sqrt(2)\nAnswer:",
        "The original query is as follows: mine",
        "Current state:\nof the art\n\nCurrent message:\nWhat is it?",
    ],
)
def test_a_users_words_that_look_like_a_template_are_all_the_users(text: str) -> None:
    assert found(chat(("user", text))).text == text
    assert (
        found(chat(("system", "Be kind."), ("user", "hi"), ("assistant", "hi"), ("user", text))).text == text
    )


@pytest.mark.parametrize("text", BY_AGENTS)
def test_a_users_words_that_look_like_an_agents_are_the_users(text: str) -> None:
    assert found(chat(("user", text))).text == text
    assert found(chat(("user", "What?"), ("assistant", "That."), ("user", text))).text == text
    assert found(LLMCall(text=text)).text == text


@pytest.mark.parametrize("text", BY_AGENTS)
@pytest.mark.parametrize(
    "turn",
    ["Thought: I need a tool.\nAction: look\nAction Input: {}", "Action: look", "<execute>1</execute>"],
)
def test_what_an_agent_writes_in_the_users_name_after_its_turn_is_no_question(turn: str, text: str) -> None:
    assert found(chat(("user", "What?"), ("assistant", turn), ("user", text))).text == "What?"
    assert (
        found(chat(("user", "What?"), ("assistant", turn), ("tool", "HARD"), ("user", text))).text == "What?"
    )


def test_a_user_who_speaks_after_an_agents_turn_is_heard_again() -> None:
    turns = [
        ("user", "What?"),
        ("assistant", "Thought: hm"),
        ("user", "Go on."),
        ("user", "Observation: mine"),
    ]
    assert found(chat(*turns)).text == "Observation: mine"


def test_the_state_an_agent_writes_before_a_message_is_cut_off() -> None:
    text = "Current state:\n{'note': 'HARD'}\n\nCurrent message:\nWhat is 2+2?\n"
    assert found(chat(("user", text))).text == "What is 2+2?"


def test_an_image_after_a_tools_result_goes_on_with_the_question() -> None:
    """A screenshot in the user's name is what the tool saw; one after an answer is the user's own."""
    image = ChatMessage(role="user", blocks=[ImageBlock(url="https://example.org/screen.png")])
    loop = list(chat(("user", "What?"), ("assistant", ""), ("tool", "done")).messages)
    assert found(LLMCall(messages=[*loop, image])).text == "What?"
    assert found(LLMCall(messages=[*loop, image, image])).text == "What?"
    assert found(LLMCall(messages=[*loop, ChatMessage(role="assistant", content="So."), image])).text is None


def test_an_image_inside_a_tool_loop_keeps_the_loops_model() -> None:
    routed, spy = routed_over_fakes(on_no_query="strong")
    image = ChatMessage(role="user", blocks=[ImageBlock(url="https://example.org/screen.png")])
    history = list(chat(("user", "easy"), ("assistant", ""), ("tool", "done")).messages)
    assert routed.chat([*history, image]).additional_kwargs["routellm"]["model"] == "weak"
    assert spy.seen == ["easy"]


@pytest.mark.parametrize("name", ["input", "text", "topic", "user_msg", "ask", "message", "q", "anything"])
def test_a_templates_only_variable_is_its_question(name: str) -> None:
    call = LLMCall(template=PromptTemplate(f"Do it: {{{name}}}"), variables={name: "HARD"})
    assert found(call) == Question("HARD", "template")
    rich = RichPromptTemplate(f"Do it: {{{{ {name} }}}}").partial_format(**{name: "HARD"})
    assert found(LLMCall(template=rich)).text == "HARD"


def test_a_variable_that_is_looked_at_asks_nothing() -> None:
    rich = RichPromptTemplate("{{ ask }} {{ path | image }}")
    call = LLMCall(template=rich, variables={"ask": "What is it?", "path": "https://a.example/b.png"})
    assert found(call) == Question("What is it?", "template")


def test_variables_that_hold_documents_or_no_text_are_none_of_the_users_words() -> None:
    assert asked("{context_str}\nAsked: {ask}", context_str="docs", ask="Who?") == ("Who?", None)
    assert asked("{n} jokes on {topic}", n=3, topic="cats") == ("cats", None)


def test_a_variable_that_was_filled_in_before_is_part_of_the_template() -> None:
    template = PromptTemplate("{topic} in {style} style").partial_format(style="HARD")
    assert found(LLMCall(template=template, variables={"topic": "cats"})).text == "cats"
    both = template.partial_format(topic="cats")
    assert found(LLMCall(template=both)).missing == "template"


def test_a_variable_may_be_given_by_another_name() -> None:
    template = PromptTemplate("Do it: {ask}", template_var_mappings={"task": "ask"})
    assert found(LLMCall(template=template, variables={"task": "HARD"})).text == "HARD"


def test_a_template_whose_question_nobody_can_tell_holds_none() -> None:
    assert asked("{docs}\nAsked: {ask}", docs="HARD", ask="Who?") == (None, "template")
    assert asked("Give a title: {context_str}", context_str="HARD") == (None, "template")
    assert asked("{n} jokes", n=3) == (None, "template")


def test_a_chat_templates_question_is_in_its_last_user_message() -> None:
    def of(user: str, **variables: str) -> str | None:
        messages = [ChatMessage(role="system", content="You are {persona}."), ChatMessage(content=user)]
        return found(
            LLMCall(template=ChatPromptTemplate(message_templates=messages), variables=variables)
        ).text

    assert of("Tell me: {ask}", persona="HARD", ask="Who?") == "Who?"
    assert of("Tell a joke.", persona="HARD") == "Tell a joke."
    assert of("{one} or {other}?", persona="HARD", one="a", other="b") is None


def test_what_an_index_asks_of_documents_is_no_question() -> None:
    call = LLMCall(template=DEFAULT_KG_TRIPLET_EXTRACT_PROMPT, variables={"text": "HARD"})
    assert found(call) == Question(None, "prompt", "index")
    own = PromptTemplate("Keywords of {text}", prompt_type=PromptType.KEYWORD_EXTRACT)
    assert found(LLMCall(template=own, variables={"text": "HARD"})).missing == "index"


async def test_what_a_memory_has_written_of_a_conversation_is_no_question() -> None:
    """A summary is asked for before the conversation, facts after it; no user asked for either."""
    routed, spy = routed_over_fakes(on_no_query="weak", track_query_spans=False)
    said = list(chat(("user", "HARD " * 80), ("assistant", "ok " * 80), ("user", "and")).messages)
    with routed.capture() as decisions:
        ChatSummaryMemoryBuffer.from_defaults(said, llm=routed, token_limit=30).get()
        await FactExtractionMemoryBlock(llm=routed).aput(said)
    assert {(each.model, each.reason) for each in decisions} == {("weak", "no_query")}
    assert spy.seen == []
