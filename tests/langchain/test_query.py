"""The user's question is found, all of it and nothing else."""

import logging
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import SummarizationMiddleware
from langchain_core.messages import (
    AIMessage,
    ChatMessage,
    ChatMessageChunk,
    HumanMessage,
    HumanMessageChunk,
    SystemMessage,
    ToolMessage,
)
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate, MessagesPlaceholder, PromptTemplate
from langchain_core.runnables import RunnableLambda, RunnableParallel, RunnablePassthrough

from langchain_routellm import RouteLLMMiddleware
from shared_router import InvalidInputError
from tests.langchain.fake_tool_models import ChatElm, ChatOak
from tests.langchain.models import CountingRouter, decision_of, routed
from tests.langchain.scenarios import Weather

IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,x"}}
CALL = {"name": "look", "args": {}, "id": "1"}


def _asked(given: Any, **settings: Any) -> list[str]:
    router = CountingRouter()
    routed(router=router, **settings).invoke(given)
    return [query for queries in router.asked for query in queries]


@pytest.mark.parametrize(
    "message",
    [
        ChatMessage(role="user", content="hard"),
        ChatMessage(role="User", content="hard"),
        ChatMessage(role="human", content="hard"),
        ChatMessageChunk(role="user", content="hard"),
        HumanMessageChunk(content="hard"),
        {"role": "user", "content": "hard"},
        ("human", "hard"),
        HumanMessage(["ha", "rd"]),
        HumanMessage(["ha", {"type": "text", "text": "rd"}]),
        HumanMessage([{"type": "input_text", "text": "hard"}]),
        HumanMessage([{"type": "input_text", "text": "hard"}, {"type": "input_image", "file_id": "f"}]),
        HumanMessage([{"type": "text-plain", "text": "hard", "mime_type": "text/plain"}]),
        HumanMessage([{"type": "text", "text": "hard"}, {"type": "text-plain", "text": "a document"}]),
        HumanMessage([{"type": "non_standard", "value": {"type": "input_text", "text": "hard"}}]),
        HumanMessage([{"text": "hard"}]),
        HumanMessage([IMAGE, "hard"]),
    ],
)
def test_what_a_provider_is_sent_as_the_users_words_is_the_question(message: Any) -> None:
    assert _asked([HumanMessage("earlier"), AIMessage("so"), message]) == ["hard"]


@pytest.mark.parametrize(
    "message",
    [
        ChatMessage(role="system", content="other"),
        ChatMessage(role="developer", content="other"),
        ChatMessage(role="assistant", content="other"),
        ChatMessage(role="tool", content="other"),
        ChatMessageChunk(role="assistant", content="other"),
        SystemMessage([{"type": "input_text", "text": "other"}]),
        AIMessage(["other"]),
        ToolMessage("other", tool_call_id="1"),
    ],
)
def test_nobody_elses_words_are(message: Any) -> None:
    assert _asked([HumanMessage("hard"), message]) == ["hard"]


def test_a_picture_in_a_tool_loop_is_a_result_and_no_new_question() -> None:
    loop = [HumanMessage("hard"), AIMessage("", tool_calls=[CALL]), ToolMessage("done", tool_call_id="1")]
    assert _asked([*loop, HumanMessage([IMAGE]), HumanMessage([IMAGE])]) == ["hard"]
    assert _asked([*loop, AIMessage("so"), HumanMessage([IMAGE])]) == []


@pytest.mark.parametrize(
    "text",
    [
        "Use the following pieces of context to answer the question at the end. Be brief.\n\nLena owns a cat."
        "\n\nQuestion: other\n\nQuestion: hard\nHelpful Answer:",
        "You are an assistant for question-answering tasks. Use the following pieces of retrieved context.\n"
        "Question: hard \nContext: A page.\nQuestion: other \nAnswer:",
        "Given the following conversation and a follow up question, rephrase the follow up question to be a "
        "standalone question.\n\nChat History:\nHuman: other\nFollow Up Input: hard\nStandalone question:",
        "The following is a friendly conversation between a human and an AI.\n\nCurrent conversation:\n"
        "Human: other\nAI: so\nHuman: hard\nAI:",
        "You are an AI language model assistant. Your task is to generate versions of it. "
        "Provide these separated by newlines. Original question: hard",
        "Answer the following questions as best you can. You have tools.\n\nQuestion: the input question\n"
        "Thought: you should always think\n\nBegin!\n\nQuestion: hard\nThought: I look.\n"
        "Observation: other\nThought:",
        "The original question is as follows: hard\nWe have provided an existing answer: other\nRefine it.",
        "Given the following question and context, return YES if it is relevant.\n\n> Question: hard\n"
        "> Context:\n>>>\nother\n>>>",
    ],
)
def test_a_question_is_found_in_langchains_own_templates(text: str) -> None:
    assert _asked(text) == ["hard"]


def test_words_that_only_look_like_a_template_are_the_users() -> None:
    text = "Explain this prompt.\nQuestion: what?\nHelpful Answer:"
    assert _asked(text) == [text]


def test_the_prompt_that_asks_for_a_summary_is_not_the_users_question() -> None:
    router = CountingRouter()
    summary = SummarizationMiddleware(
        model=routed(router=router), trigger=("messages", 2), keep=("messages", 1)
    )
    agent: Any = create_agent(ChatOak(), middleware=[summary])
    agent.invoke({"messages": [("user", "hard"), ("ai", "so"), ("user", "easy")]})
    assert router.asked == []
    assert _asked("<role>\nContext Extraction Assistant\n</role>\n\nhard") == []


PROMPT = ChatPromptTemplate.from_messages(
    [("system", "Be brief."), ("user", "You are a hard expert: {question}")]
)


@pytest.mark.parametrize(
    "wrap",
    [
        lambda model: PROMPT | model,
        lambda model: PROMPT | model | StrOutputParser(),
        lambda model: PROMPT | model.with_retry(),
        lambda model: PROMPT | model.with_fallbacks([ChatElm()]),
        lambda model: PROMPT | model.bind(seed=7),
        lambda model: PROMPT | model.with_structured_output(Weather),
        lambda model: PROMPT.partial(context="x") | model,
        lambda model: RunnablePassthrough.assign(answer=PROMPT | model),
        lambda model: RunnableParallel(a=PROMPT | model),
        lambda model: RunnableLambda(lambda given: given) | PROMPT | model,
        lambda model: PromptTemplate.from_template("You are a hard expert: {question}") | model,
        lambda model: ChatPromptTemplate.from_messages([MessagesPlaceholder("question")]) | model,
    ],
)
async def test_a_templates_variable_is_routed_on_without_the_template(wrap: Any) -> None:
    router = CountingRouter()
    chain = wrap(routed(router=router, query_keys=["question"]))
    question: Any = "easy 1"
    if "MessagesPlaceholder" in repr(chain):
        question = [HumanMessage("earlier"), AIMessage("so"), HumanMessage("easy 1")]
    given = {"question": question, "context": "hard"}
    chain.invoke(given)
    await chain.ainvoke(given)
    list(chain.stream(given))
    chain.batch([given, given])
    await chain.abatch([given])
    assert [query for queries in router.asked for query in queries] == ["easy 1"] * 6


def test_a_template_of_one_variable_may_be_given_its_value_alone() -> None:
    router = CountingRouter()
    chain: Any = PROMPT | routed(router=router, query_keys=["question"])
    chain.invoke("easy")
    assert router.asked == [["easy"]]


def test_a_model_without_a_template_before_it_is_routed_on_its_messages() -> None:
    assert _asked("easy", query_keys=["question"]) == ["easy"]
    router = CountingRouter()
    chain: Any = PROMPT | routed(router=router, query_keys=["topic"])
    chain.invoke({"question": "easy"})
    assert router.asked == [["You are a hard expert: easy"]]


HISTORY = ChatPromptTemplate.from_messages(
    [("system", "hard rules"), MessagesPlaceholder("history"), ("human", "You are a hard expert: {question}")]
)


@pytest.mark.parametrize(
    ("question", "settings", "scored"),
    [
        ("why?", {}, "easy plan\nwhy?"),
        ("why?", {"follow_ups": False}, "why?"),
        ("<system-reminder>hard</system-reminder>easy", {}, "easy"),
        ("[ctx] easy", {"strip": lambda text: text.removeprefix("[ctx] ")}, "easy"),
    ],
)
def test_a_variables_words_are_read_as_a_messages_are(question: str, settings: Any, scored: str) -> None:
    router = CountingRouter()
    chain: Any = HISTORY | routed(router=router, query_keys=["question"], **settings)
    chain.invoke({"question": question, "history": [HumanMessage("easy plan"), AIMessage("so")]})
    assert router.asked == [[scored]]


def test_a_question_that_was_filled_in_before_is_found_too() -> None:
    router = CountingRouter()
    filled = HISTORY.partial(question="easy")
    chain: Any = filled | routed(router=router, query_keys=["question"])
    chain.invoke({"history": []})
    assert router.asked == [["easy"]]


def test_chains_that_run_at_once_do_not_mix_their_variables() -> None:
    model = routed(query_keys=["question"])
    chain: Any = RunnableParallel(
        easy=RunnableLambda(lambda _: {"question": "easy"}) | PROMPT | model,
        hard=RunnableLambda(lambda _: {"question": "hard"}) | PROMPT | model,
    )
    for answers in chain.batch([None] * 10):
        assert [decision_of(answers[key])["model"] for key in ("easy", "hard")] == ["weak", "strong"]


def test_variables_are_forgotten_when_their_chain_ends() -> None:
    from langchain_routellm.templates import _RUNS

    chain: Any = PROMPT | routed(query_keys=["question"])
    before = (len(_RUNS._filled), len(_RUNS._parents))
    for _ in range(20):
        chain.invoke({"question": "easy"})
    assert (len(_RUNS._filled), len(_RUNS._parents)) == before


def test_a_template_that_is_routed_on_whole_is_told_in_the_debug_log(caplog: Any) -> None:
    with caplog.at_level(logging.DEBUG, logger="langchain_routellm"):
        (PROMPT | routed()).invoke({"question": "secret"})
    assert "query_keys=[...] names its variable" in caplog.text
    assert "secret" not in caplog.text


def test_what_programs_put_around_a_users_words_is_taken_out() -> None:
    reminder = "<system-reminder>\nhard rules\n</system-reminder>"
    assert _asked([HumanMessage([{"type": "text", "text": reminder}, {"type": "text", "text": "easy"}])]) == [
        "easy"
    ]
    own = "[ctx]hard[/ctx]easy"
    assert _asked(own, strip=lambda text: text.rpartition("[/ctx]")[2]) == ["easy"]
    with pytest.raises(InvalidInputError, match="strip must be a function"):
        routed(strip="[ctx]")


def test_a_follow_up_is_routed_on_with_its_question() -> None:
    history = [HumanMessage("hard plan"), AIMessage("so"), HumanMessage("why?")]
    assert _asked(history) == ["hard plan\nwhy?"]
    assert _asked(history, follow_ups=False) == ["why?"]


@pytest.mark.parametrize("keys", ["question", [1], {"question": 1}])
def test_query_keys_must_be_names(keys: Any) -> None:
    with pytest.raises(InvalidInputError, match="query_keys must be names of variables"):
        routed(query_keys=keys)


def test_a_middleware_finds_the_question_as_a_model_does() -> None:
    router = CountingRouter()
    routing = RouteLLMMiddleware(strong=ChatElm(), weak=ChatOak(), router=router, threshold=0.5)
    agent: Any = create_agent(ChatOak(model="unused"), middleware=[routing])
    agent.invoke({"messages": [HumanMessage([{"type": "input_text", "text": "hard"}])]})
    assert router.asked == [["hard"]]
