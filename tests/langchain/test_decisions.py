"""A router behind LangChain's own `ModelRouterMiddleware`, where langchain-core has decision models."""

import sys
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any

import pytest
from langchain_core.messages import HumanMessage
from langchain_core.runnables import RunnableSerializable
from pydantic import BaseModel

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


def _next_release() -> ModuleType:
    """Return decision models as langchain-core's main branch and langchain-openai 1.7 name them."""

    class Predicate(BaseModel):
        type: str = "predicate"

    class Choice(BaseModel):
        type: str = "choice"
        choices: dict[str, str | None]

    class DecisionResponse(BaseModel):
        answers: dict[str, Any]
        model: str

    class BaseDecisionModel(RunnableSerializable[Any, Any]):
        model: str

        def invoke(self, input: Any, config: Any = None, **kwargs: Any) -> Any:
            return self._decide(input)  # type: ignore[attr-defined]

        async def ainvoke(self, input: Any, config: Any = None, **kwargs: Any) -> Any:
            return await self._adecide(input)  # type: ignore[attr-defined]

    module = ModuleType("langchain_core.decisions")
    for named in (Predicate, Choice, DecisionResponse, BaseDecisionModel):
        setattr(module, named.__name__, named)
    return module


def _imported_over(monkeypatch: pytest.MonkeyPatch, module: ModuleType | None) -> Any:
    monkeypatch.setitem(sys.modules, "langchain_core.decisions", module)
    for name in ("langchain_routellm.decision_types", "langchain_routellm.decisions"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    return import_module("langchain_routellm.decisions")


async def test_the_names_of_the_next_release_are_answered_too(monkeypatch: pytest.MonkeyPatch) -> None:
    coming = _next_release()
    model = _imported_over(monkeypatch, coming).RouteLLMDecisionModel(router=CountingRouter(), threshold=0.5)
    questions = {"hard": coming.Predicate(), "route": coming.Choice(choices={"strong": None, "weak": None})}
    asked = {"input": "hard", "questions": questions}
    for response in (model.invoke(asked), await model.ainvoke(asked)):
        assert response.answers["hard"] == {"type": "predicate", "probability": 0.9}
        assert response.answers["route"]["choice"] == "strong"


def test_the_import_says_what_is_true_of_an_older_and_of_an_unknown_release(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(
        MissingExtraError, match=r"need langchain-core 1.8 or newer, .* got langchain-core \d"
    ):
        _imported_over(monkeypatch, None)
    with pytest.raises(
        MissingExtraError, match="has decision models of names that this release does not know"
    ):
        _imported_over(monkeypatch, ModuleType("langchain_core.decisions"))


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
