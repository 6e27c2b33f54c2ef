"""A routed LLM under a budget: what each call holds before it is made, and what it cost after."""

from __future__ import annotations

from collections.abc import Iterator

import openai
import pytest
from llama_index.core.base.llms.types import ChatMessage, ImageBlock, TextBlock, ThinkingBlock, ToolCallBlock
from llama_index.core.prompts import PromptTemplate
from llama_index.core.tools import FunctionTool
from pydantic import BaseModel

from llamaindex_routellm.call_size import max_output_tokens_of, size_of
from llamaindex_routellm.calls import LLMCall
from shared_router import Budget, BudgetExceededError, InvalidInputError, Resilience
from tests.fault_server import FaultServer
from tests.faults import Fault
from tests.llamaindex.faulty import BY_WEAK, MESSAGES, PRICES, QUESTION, Heard, child, routed


class Fact(BaseModel):
    text: str


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer() as running:
        yield running


def budget(dollars: float = 1.0, **given: object) -> Budget:
    return Budget(dollars, per="day", max_output_tokens=100, **given)  # type: ignore[arg-type]


def test_a_call_counts_what_it_cost(server: FaultServer) -> None:
    spent = budget()
    answer = routed(server, budget=spent, prices=PRICES).chat(MESSAGES)
    assert answer.raw is not None
    assert spent.used() == pytest.approx(answer.raw.usage.total_tokens * 10 / 1e6)


def test_a_stream_counts_what_it_cost_and_one_that_tells_no_tokens_all_that_was_held(
    server: FaultServer,
) -> None:
    """What is held is 100 tokens of the answer and those of the prompt, at 10 dollars a million."""
    spent, blind = budget(), budget()
    assert "".join(
        part.delta or "" for part in routed(server, budget=spent, prices=PRICES).stream_chat(MESSAGES)
    )
    assert 0 < spent.used() < 100 * 10 / 1e6
    llms = [child(server, name, additional_kwargs={}) for name in ("strong", "weak")]
    list(routed(server, llms=llms, budget=blind, prices=PRICES).stream_chat(MESSAGES))
    assert blind.used() > 100 * 10 / 1e6


def test_a_fallback_counts_what_the_model_that_answered_cost(server: FaultServer) -> None:
    spent = budget()
    server.plan.script("strong", [Fault("500")])
    answer = routed(server, budget=spent, prices=PRICES).complete(QUESTION)
    assert answer.text == BY_WEAK
    assert answer.raw is not None
    assert spent.used() == pytest.approx(answer.raw.usage.total_tokens / 1e6)


def test_an_error_before_an_answer_costs_nothing(server: FaultServer) -> None:
    spent = budget()
    server.plan.script("strong", [Fault("400")])
    with pytest.raises(openai.BadRequestError):
        routed(server, budget=spent, prices=PRICES).chat(MESSAGES)
    assert spent.used() == 0


def test_a_stream_that_is_closed_early_counts_all_that_was_held(server: FaultServer) -> None:
    spent = budget()
    stream = routed(server, budget=spent, prices=PRICES).stream_chat(MESSAGES)
    assert [next(stream).delta for _ in range(3)][1:] == ["q7 ", "by "]
    stream.close()
    assert spent.used() > 100 * 10 / 1e6


def test_over_hard_the_weak_model_answers_or_the_call_is_refused(server: FaultServer) -> None:
    """A strong call may cost 0.001 dollars and more, a weak one a tenth of that."""
    heard = Heard()
    answer = routed(server, budget=budget(0.0008), prices=PRICES, observers=[heard]).chat(MESSAGES)
    assert answer.message.content == BY_WEAK
    assert answer.additional_kwargs["routellm"]["reason"] == "budget:hard"
    with pytest.raises(BudgetExceededError):
        routed(server, budget=budget(0.0008, on_hard="raise"), prices=PRICES).chat(MESSAGES)
    assert server.models_asked == ["weak"]


async def test_an_asynchronous_call_counts_what_it_cost(server: FaultServer) -> None:
    spent = budget()
    await routed(server, budget=spent, prices=PRICES).achat(MESSAGES)
    assert 0 < spent.used() < 100 * 10 / 1e6


def test_a_budget_needs_prices_and_a_bound(server: FaultServer) -> None:
    with pytest.raises(InvalidInputError, match="prices must name every model"):
        routed(server, budget=budget())
    with pytest.raises(InvalidInputError, match="how long an answer may be"):
        routed(server, budget=Budget(1.0, per="day"), prices=PRICES)
    bound = [child(server, name, max_tokens=50) for name in ("strong", "weak")]
    assert routed(server, llms=bound, budget=Budget(1.0, per="day"), prices=PRICES).complete(QUESTION).text


def test_an_answer_that_its_provider_kept_back_moves_on_where_that_is_asked_for(server: FaultServer) -> None:
    server.plan.script("strong", [Fault("content_filter")])
    assert routed(server, resilience=Resilience(refusals=True)).complete(QUESTION).text == BY_WEAK


@pytest.mark.parametrize("method", ["complete", "stream_complete"])
def test_an_answer_without_its_text_moves_on_too_and_is_billed(server: FaultServer, method: str) -> None:
    spent = budget()
    llm = routed(server, resilience=Resilience(refusals=True), budget=spent, prices=PRICES)
    server.plan.script("strong", [Fault("withheld")])
    answer = getattr(llm, method)(QUESTION)
    text = answer.text if method == "complete" else "".join(part.delta for part in answer)
    assert text == BY_WEAK
    assert spent.used() > 8 * 11 / 1e6


def test_the_last_models_answer_is_given_as_it_is(server: FaultServer) -> None:
    for name in ("strong", "weak"):
        server.plan.script(name, [Fault("withheld")])
    assert routed(server, resilience=Resilience(refusals=True)).complete(QUESTION).text == ""


def test_an_answer_without_its_text_is_an_answer_where_nothing_else_is_said(server: FaultServer) -> None:
    server.plan.script("strong", [Fault("withheld")])
    assert routed(server).complete(QUESTION).text == ""
    assert server.models_asked == ["strong"]


def test_a_calls_size_is_all_that_is_sent(server: FaultServer) -> None:
    models = {"strong": child(server, "strong", system_prompt="Be short."), "weak": child(server, "weak")}
    blocks = [
        TextBlock(text="Look"),
        ImageBlock(image=b"\x89PNG"),
        ThinkingBlock(content="thought"),
        ToolCallBlock(tool_name="look", tool_kwargs={"word": "cat"}),
    ]
    message = ChatMessage(role="user", blocks=blocks)
    size = size_of(LLMCall(messages=[message], options={"max_tokens": 7, "n": 2}), models)
    assert size.texts == ("Look", "thought", 'look {"word": "cat"}', "Be short.")
    assert (size.images, size.max_output_tokens, size.answers, size.has_tools) == (1, 7, 2, False)


def test_a_templates_size_is_that_of_what_it_is_filled_with(server: FaultServer) -> None:
    models = {"weak": child(server, "weak")}
    call = LLMCall(
        template=PromptTemplate("{a} and {a}, {b}"),
        variables={"a": "x" * 10, "b": "y"},
        structured=True,
        output_cls=Fact,
    )
    size = size_of(call, models)
    assert size.texts[0] == f"{'x' * 10} and {'x' * 10}, y"
    assert '"properties"' in size.texts[1]
    assert size.has_tools


def test_tools_count_with_their_schemas(server: FaultServer) -> None:
    def look(word: str) -> str:
        """Look a word up."""
        return word

    call = LLMCall(messages=MESSAGES, tools=True, toolset=[FunctionTool.from_defaults(look)])
    size = size_of(call, {"weak": child(server, "weak")})
    assert "Look a word up." in size.texts[-1]
    assert size.has_tools


def test_a_models_own_limit_is_found_where_it_keeps_it(server: FaultServer) -> None:
    """OpenAI's sends its own limit whatever a call says, so the larger one bounds it."""
    own = child(server, "strong", max_tokens=50)
    assert max_output_tokens_of(own) == 50
    assert max_output_tokens_of(child(server, "weak", additional_kwargs={"max_completion_tokens": 9})) == 9
    assert max_output_tokens_of(child(server, "weak")) is None
    call = LLMCall(messages=MESSAGES, options={"max_tokens": 7})
    assert size_of(call, {"strong": own}).max_output_tokens == 50


@pytest.mark.parametrize(
    ("options", "most", "answers"),
    [
        ({}, None, 1),
        ({"max_tokens": 300.0}, 300, 1),
        ({"max_tokens": -1}, None, 1),
        ({"extra_body": {"max_tokens": 300, "n": 3}}, 300, 3),
        ({"additional_kwargs": {"max_completion_tokens": 300}}, 300, 1),
        ({"n": 2}, None, 2),
    ],
)
def test_a_calls_size_counts_all_that_its_options_let_an_answer_cost(
    server: FaultServer, options: dict[str, object], most: int | None, answers: int
) -> None:
    llms = {name: child(server, name) for name in ("strong", "weak")}
    call = LLMCall(messages=MESSAGES, options=options)
    size = size_of(call, llms)
    assert (size.max_output_tokens, size.answers) == (most, answers)


def test_a_model_that_is_told_to_give_several_answers_is_held_for_all(server: FaultServer) -> None:
    llms = {name: child(server, name, additional_kwargs={"n": 3}) for name in ("strong", "weak")}
    assert size_of(LLMCall(messages=MESSAGES), llms).answers == 3
