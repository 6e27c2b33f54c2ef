"""A routed LLM written as data and made again, as a workflow's state is."""

import json
from pathlib import Path
from typing import Any

import pytest
from llama_index.core.workflow import (
    Context,
    JsonPickleSerializer,
    JsonSerializer,
    StartEvent,
    StopEvent,
    Workflow,
    step,
)
from pydantic import BaseModel

from llamaindex_routellm import RoutedLLM, RoutedStructuredLLM
from shared_router import InvalidInputError, RoutingPolicy, TokenPrices
from shared_router.routers.random import RandomRouter
from shared_router.testing import FixedRouter
from tests.llamaindex.fakes import FakeChat, FakeCompletion, models
from tests.llamaindex.providers import AnthropicProvider, OpenAIProvider, anthropic_child, openai_child
from tests.three_tiers import ThreeTiers

KEY = "sk-0123456789"
SETTINGS: dict[str, Any] = {
    "router": "static-v1",
    "threshold": 0.3,
    "query_keys": ("ask", "query_str"),
    "on_no_query": "weak",
    "on_no_coverage": "weak",
    "on_ingestion": "strong",
    "sticky": "conversation",
    "capabilities": {"weak": {"images", "audio"}},
    "context_window": 5000,
    "prices": {"weak": TokenPrices(1.0, 2.0)},
    "system_prompt": "Be brief.",
}


def named(**settings: Any) -> RoutedLLM:
    given = {"strong": FakeChat(model="big", api_key=KEY), "weak": FakeChat(model="small", api_key=KEY)}
    return RoutedLLM(**{**given, "router": None, **settings})


class Answer(BaseModel):
    """An answer."""

    text: str


class Nothing(Workflow):
    """Do nothing, and have a state."""

    @step
    async def begin(self, started: StartEvent) -> StopEvent:
        """End."""
        return StopEvent(result=None)


async def restored(value: Any, serializer: Any) -> Any:
    """Put a value into a workflow's state, write the state down, and read it back."""
    workflow = Nothing()
    context: Any = Context(workflow)
    await context.store.set("llm", value)
    written = json.loads(json.dumps(context.to_dict(serializer=serializer)))
    assert KEY not in str(written)
    return await Context.from_dict(workflow, written, serializer=serializer).store.get("llm")


def test_what_json_wrote_makes_the_same_llm_again_without_its_keys() -> None:
    before = named(**SETTINGS)
    written = before.to_json()
    assert KEY not in written
    after = RoutedLLM.from_json(written)
    assert after.to_dict() == before.to_dict()
    assert (after.strong.model, after.strong.api_key) == ("big", "sk-secret")  # type: ignore[attr-defined]
    assert after.weak.system_prompt == "Be brief."
    assert after.policy.decide(None).model == "weak"


def test_what_is_given_beside_data_goes_before_it() -> None:
    assert RoutedLLM.from_dict(named().to_dict(), threshold=0.2).threshold == 0.2


@pytest.mark.parametrize("serializer", [JsonSerializer(), JsonPickleSerializer()], ids=["json", "pickle"])
async def test_a_workflows_state_gives_a_routed_llm_back(serializer: Any) -> None:
    after = await restored(named(threshold=0.3), serializer)
    assert after.complete("What is 2+2?").additional_kwargs["routellm"]["threshold"] == 0.3


async def test_a_state_that_pickles_gives_back_what_no_json_can_hold() -> None:
    after = await restored(named(router=FixedRouter(0.9), threshold=0.5), JsonPickleSerializer())
    assert after.complete("x").text == "big says so"
    policy = ThreeTiers(FixedRouter(0.5))
    three = {name: FakeChat(model=name) for name in policy.models}
    after = await restored(RoutedLLM(models=three, policy=policy), JsonPickleSerializer())
    assert after.complete("x").text == "medium says so"
    after = await restored(named(query_extractor=extract), JsonPickleSerializer())
    assert after.complete("x").additional_kwargs["routellm"]["source"] == "extractor"


def extract(call: object) -> str:
    del call
    return "mine"


async def test_json_alone_refuses_what_it_cannot_hold_when_it_is_written() -> None:
    with pytest.raises(ValueError, match="Failed to serialize"):
        await restored(named(router=RandomRouter(3)), JsonSerializer())


@pytest.mark.parametrize("serializer", [JsonSerializer(), JsonPickleSerializer()], ids=["json", "pickle"])
async def test_a_workflows_state_gives_a_routed_structured_llm_back(serializer: Any) -> None:
    after = await restored(named(threshold=0.3).as_structured_llm(Answer), serializer)
    assert isinstance(after, RoutedStructuredLLM)
    assert (after.output_cls, after.llm.threshold) == (Answer, 0.3)  # type: ignore[attr-defined]


def test_the_folder_of_a_saved_router_is_written_by_its_name(tmp_path: Path) -> None:
    RandomRouter(3).save(tmp_path)
    after = RoutedLLM.from_json(named(router=tmp_path, threshold=0.5).to_json())
    assert (
        after.policy.decide("x").win_probability
        == RoutedLLM(**models(router=RandomRouter(3))).policy.decide("x").win_probability
    )


def test_a_models_own_prompt_format_is_an_object_that_a_dict_holds() -> None:
    local: Any = FakeCompletion(model="small")
    local.completion_to_prompt = bracketed
    after: Any = RoutedLLM.from_dict(named(weak=local).to_dict())
    assert after.weak.completion_to_prompt("x") == "[x]"


def bracketed(text: str) -> str:
    return f"[{text}]"


def test_a_routed_llm_may_be_over_another() -> None:
    after = RoutedLLM.from_json(named(weak=named(threshold=0.2)).to_json())
    assert (after.weak.threshold, after.weak.weak.model) == (0.2, "small")  # type: ignore[attr-defined]


def test_providers_llms_are_made_again_with_the_keys_of_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-environment")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-environment")
    strong = openai_child("gpt-4o", OpenAIProvider())
    strong.temperature = 0.7
    weak = anthropic_child("claude-haiku-4-5", AnthropicProvider())
    written = RoutedLLM(strong=strong, weak=weak, router="static-v1").to_json()
    assert "sk-strong" not in written
    assert "sk-ant" not in written
    after: Any = RoutedLLM.from_json(written)
    assert (after.strong.model, after.strong.temperature) == ("gpt-4o", 0.7)
    assert (after.strong.api_key, after.weak.model) == ("sk-environment", "claude-haiku-4-5")


@pytest.mark.parametrize("data", [{}, {"models": []}, {"models": {}, "settings": None}])
def test_other_data_makes_no_llm(data: Any) -> None:
    with pytest.raises(InvalidInputError, match=r"to_dict wrote.* call RoutedLLM\(strong=..., weak=...\)"):
        RoutedLLM.from_dict(data)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("subprocess:Popen", "a class must be a LLM, got 'subprocess:Popen'"),
        ("os:system", "a class must be a LLM, got 'os:system'"),
        ("nowhere:Here", "a class must be importable by its name, got 'nowhere:Here'"),
        ("tests.llamaindex.fakes:Gone", "a class must be importable by its name"),
        ("", "a class must be importable by its name"),
    ],
)
def test_data_makes_llms_and_nothing_else(name: str, message: str) -> None:
    data = named().to_dict()
    data["models"]["weak"]["class"] = name
    with pytest.raises(InvalidInputError, match=message):
        RoutedLLM.from_dict(data)


def test_a_policy_is_written_as_the_object_it_is() -> None:
    policy = RoutingPolicy(FixedRouter(0.9))
    data = RoutedLLM(strong=FakeChat(), weak=FakeChat(), policy=policy).to_dict()
    assert RoutedLLM.from_dict(data).policy is policy
