"""A router behind LangChain's own `ModelRouterMiddleware`, where langchain-core has decision models."""

from importlib import import_module
from importlib.util import find_spec
from typing import Any

import pytest
from langchain_core.messages import HumanMessage

from shared_router import InvalidInputError, MissingExtraError
from tests.langchain.fake_tool_models import ChatElm, ChatOak
from tests.langchain.models import CountingRouter

HAS_DECISIONS = find_spec("langchain_core.decisions") is not None
needs_decisions = pytest.mark.skipif(not HAS_DECISIONS, reason="langchain_core.decisions needs core >= 1.8")


def _model(**changes: Any) -> Any:
    return import_module("langchain_routellm.decisions").RouteLLMDecisionModel(
        **{"strong": "big", "weak": "small", "router": CountingRouter(), "threshold": 0.5, **changes}
    )


@pytest.mark.skipif(HAS_DECISIONS, reason="this langchain-core has decision models")
def test_without_decision_models_the_import_says_what_to_install() -> None:
    with pytest.raises(MissingExtraError, match='pip install "langchain-core>=1.8"'):
        import_module("langchain_routellm.decisions")


@needs_decisions
async def test_a_choice_gets_the_policys_label_and_both_probabilities() -> None:
    decisions = import_module("langchain_core.decisions")
    questions = {
        "route": decisions.Choice(
            instructions="Which?", criteria={"big": None, "small": None, "other": None}
        ),
        "hard": decisions.Noul(instructions="Is it hard?"),
    }
    asked: Any = {"state": HumanMessage("hard"), "questions": questions}
    for response in (_model().invoke(asked), await _model().ainvoke(asked)):
        route = response.choices["route"]
        assert (route.choice, route.confidence) == ("big", 0.9)
        assert route.probabilities == {"big": 0.9, "small": pytest.approx(0.1), "other": 0.0}
        assert response.nouls["hard"].noul == 0.9


@needs_decisions
def test_where_nothing_is_scored_a_rule_decides_for_certain() -> None:
    decisions = import_module("langchain_core.decisions")
    response = _model(on_no_query="weak").invoke(
        {"state": "", "questions": {"hard": decisions.Noul(instructions="?")}}
    )
    assert response.nouls["hard"].noul == 0.0


@needs_decisions
def test_other_questions_are_refused() -> None:
    decisions = import_module("langchain_core.decisions")
    questions: list[Any] = [
        decisions.Choice(instructions="Which?", criteria={"fast": None, "slow": None}),
        decisions.Score(instructions="How hard?", criteria=["easy", "hard"]),
    ]
    for question in questions:
        with pytest.raises(InvalidInputError, match="a question must be a Noul or a Choice with the labels"):
            _model().invoke({"state": "hard", "questions": {"route": question}})


@needs_decisions
@pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainBetaWarning")
def test_it_plugs_into_langchains_model_router() -> None:
    from langchain.agents import create_agent

    middlewares = import_module("langchain.agents.middleware")
    strong, weak = ChatElm(), ChatOak()
    middleware = middlewares.ModelRouterMiddleware(
        choices={"big": middlewares.ModelChoice(strong, None), "small": middlewares.ModelChoice(weak, None)},
        instructions="Choose the least costly model suited to the task.",
        classifier=_model(),
    )
    agent: Any = create_agent(ChatOak(model="unused"), middleware=[middleware])
    agent.invoke({"messages": [HumanMessage("hard")]})
    agent.invoke({"messages": [HumanMessage("easy")]})
    assert (len(strong.calls), len(weak.calls)) == (1, 1)
