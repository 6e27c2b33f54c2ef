"""What a routed model may be made of, and what it says of what it cannot be made of."""

import builtins
import copy
import io
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from langchain_core.caches import InMemoryCache
from langchain_core.language_models import FakeListLLM
from langchain_core.load import dumpd, dumps, load
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.rate_limiters import InMemoryRateLimiter
from langchain_core.runnables import RunnableLambda

from langchain_routellm import RoutedChatModel, RouteLLMRouter
from shared_router import (
    ArtifactCorruptError,
    ArtifactError,
    IgnoredArgumentWarning,
    InvalidInputError,
    MissingExtraError,
    RouterError,
    RoutingPolicy,
    SameModelWarning,
    UnknownNameError,
)
from shared_router.routers.random import RandomRouter
from shared_router.testing import FixedRouter
from tests.langchain.fake_tool_models import ChatElm, ChatOak, ChatStone
from tests.langchain.models import routed
from tests.langchain.scenarios import TOOLS


@pytest.mark.parametrize("name", ["strong", "weak"])
@pytest.mark.parametrize("child", [None, object(), {"model": "x"}, ChatElm, FakeListLLM(responses=["a"])])
def test_a_child_must_be_a_chat_model_or_a_runnable(name: str, child: Any) -> None:
    with pytest.raises(InvalidInputError, match=f"{name} must be a chat model or a Runnable .* got .*; pass"):
        routed(**{name: child})


def test_a_missing_child_is_named() -> None:
    with pytest.raises(InvalidInputError, match="weak must be a chat model .* got NoneType"):
        RoutedChatModel(strong=ChatElm())


def test_one_object_twice_is_allowed_with_a_warning() -> None:
    child = ChatElm()
    with pytest.warns(SameModelWarning, match="two models"):
        model = routed(strong=child, weak=child)
    assert model.strong is model.weak is child


@pytest.mark.parametrize("threshold", [1.5, -0.1, float("nan"), "0.5", True])
def test_a_threshold_must_be_in_0_to_1(threshold: Any) -> None:
    with pytest.raises(InvalidInputError, match=r"threshold must be a number in \[0, 1\]"):
        routed(threshold=threshold)


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("on_router_error", "retry"),
        ("on_no_query", "raise"),
        ("on_no_coverage", "raise"),
        ("route_on", "last_message"),
        ("sticky", "always"),
        ("sticky", True),
        ("sticky", []),
        ("router", 42),
    ],
)
def test_a_setting_that_is_none_names_its_rule(argument: str, value: Any) -> None:
    with pytest.raises(InvalidInputError, match=f"{argument} must be"):
        routed(**{argument: value})


def test_an_unknown_router_name_lists_the_known_ones() -> None:
    with pytest.raises(UnknownNameError, match="a router must be one of"):
        routed(router="no-such-router")


def test_further_arguments_are_ignored_with_a_warning_that_names_them() -> None:
    with pytest.warns(
        IgnoredArgumentWarning, match="api_key, temperature must be set on strong and weak"
    ) as caught:
        model = routed(temperature=0.5, api_key="sk-secret")
    assert model.invoke("hard").text == "elm-1 says: hard"
    assert "sk-secret" not in str(caught[0].message)
    assert "sk-secret" not in repr(model)


@pytest.mark.parametrize("cache", [True, False, InMemoryCache()])
def test_a_cache_is_refused_with_the_fix(cache: Any) -> None:
    with pytest.raises(InvalidInputError, match=r"cache must be set on the children.*pass strong="):
        routed(cache=cache)


def test_settings_of_every_chat_model_reach_the_children_and_leave_the_given_ones_alone() -> None:
    strong, limiter = ChatElm(), InMemoryRateLimiter()
    model = routed(strong=strong, rate_limiter=limiter, disable_streaming=True, output_version="v1")
    for child in (model.strong, model.weak):
        assert isinstance(child, ChatStone)
        assert (child.rate_limiter, child.disable_streaming, child.output_version) == (limiter, True, "v1")
    assert (strong.rate_limiter, strong.disable_streaming, strong.output_version) == (None, False, None)


def test_settings_that_a_runnable_child_cannot_hold_are_refused() -> None:
    weak = ChatOak().with_fallbacks([ChatStone()])
    with pytest.raises(InvalidInputError, match="output_version must be given to a chat model, got weak="):
        routed(weak=weak, output_version="v1")


def test_a_runnable_from_messages_to_a_message_may_be_a_child() -> None:
    model = routed(weak=RunnableLambda(lambda _: ChatOak().invoke("from a function")), threshold=1.0)
    assert model.invoke("hi").text == "oak-1 says: from a function"


def test_fields_changed_after_construction_count() -> None:
    model = routed()
    assert model.invoke("hard").text == "elm-1 says: hard"
    assert model.model_copy(update={"threshold": 0.95}).invoke("hard").text == "oak-1 says: hard"
    model.router = FixedRouter(0.1)
    assert model.invoke("hard").text == "oak-1 says: hard"
    assert model.policy is model.policy


def test_errors_are_routers_own_and_not_wrapped_by_pydantic() -> None:
    with pytest.raises(RouterError) as caught:
        routed(threshold=2)
    assert type(caught.value) is InvalidInputError


def test_importing_the_package_imports_nothing_heavy() -> None:
    """Old releases of LangChain's core import transformers themselves, where it is installed."""
    heavy = ["torch", "transformers", "openai", "pandas", "sklearn", "matplotlib", "langchain", "llama_index"]
    core = "import sys, langchain_core.language_models.chat_models; before = set(sys.modules)"
    code = f"{core}; import langchain_routellm; print([m for m in {heavy} if m in {{*sys.modules}} - before])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_traced_or_printed_model_shows_no_key() -> None:
    from langchain_openai import ChatOpenAI

    model = RoutedChatModel(
        strong=ChatOpenAI(model="a", api_key="sk-secret"),  # type: ignore[arg-type]
        weak=ChatOpenAI(model="b", api_key="sk-secret"),  # type: ignore[arg-type]
        router=FixedRouter(0.5),
    )
    chain = ChatPromptTemplate.from_template("{q}") | model.bind_tools(TOOLS)
    for shown in (repr(model), dumps(model), str(dumpd(chain)), repr(chain), str(model.asdict())):
        assert "sk-secret" not in shown
    assert model._get_ls_params()["ls_provider"] == "openai"
    assert model._get_ls_params()["ls_model_name"] == "a | b"


def test_a_router_given_by_name_is_not_loaded_by_the_constructor(tmp_path: Any) -> None:
    RandomRouter().save(tmp_path)
    model = routed(router=str(tmp_path))
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ArtifactError, match="config"):
        model.invoke("hi")


def test_a_router_given_by_folder_must_be_the_expected_one(tmp_path: Path) -> None:
    pin = RandomRouter(seed=1).save(tmp_path)
    model = routed(router=tmp_path, expected_sha256=pin)
    assert model.invoke("hi").response_metadata["routellm"]["router"] == str(tmp_path)
    makers: list[Callable[..., Any]] = [routed, RouteLLMRouter]
    for make in makers:
        make(router=str(tmp_path), expected_sha256=pin)
        with pytest.raises(ArtifactCorruptError, match=r"config\.json must have the SHA-256"):
            make(router=str(tmp_path), expected_sha256="0" * 64)
    with pytest.raises(ArtifactCorruptError, match=r"config\.json must have the SHA-256"):
        model.expected_sha256 = "0" * 64
    with pytest.raises(InvalidInputError, match="policy must come without router, .* and expected_sha256"):
        routed(router=None, threshold=None, policy=RoutingPolicy(FixedRouter(0.5)), expected_sha256=pin)


def test_a_child_may_be_given_by_provider_and_name(monkeypatch: pytest.MonkeyPatch) -> None:
    from langchain_openai import ChatOpenAI

    monkeypatch.setenv("OPENAI_API_KEY", "sk-none")
    assert isinstance(routed(strong="openai:gpt-5").strong, ChatOpenAI)


def test_a_child_by_name_needs_an_extra_and_says_which(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "langchain.chat_models", None)
    with pytest.raises(MissingExtraError, match=r'pip install "routellm-adapters\[agents\]"'):
        routed(strong="openai:gpt-5")


@pytest.mark.parametrize("router", [None, "static-v2"])
async def test_constructing_inside_a_coroutine_touches_no_disk(
    router: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: Any, **kwargs: Any) -> Any:
        raise AssertionError("touched the disk")

    for module, name in ((os, "stat"), (os, "open"), (os, "listdir"), (io, "open"), (builtins, "open")):
        monkeypatch.setattr(module, name, refuse)
    model = RoutedChatModel(strong=ChatElm(), weak=ChatOak(), router=router)
    monkeypatch.undo()
    assert model.policy.router_name == "static-v2"


@pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainBetaWarning")
def test_a_dump_describes_a_model_and_cannot_be_loaded() -> None:
    dumped: Any = dumpd(routed())
    assert (dumped["type"], dumped["id"][-1]) == ("not_implemented", "RoutedChatModel")
    with pytest.raises(NotImplementedError, match="doesn't implement serialization"):
        load(dumped, allowed_objects="core")


def test_a_model_can_be_copied() -> None:
    assert copy.deepcopy(routed()).invoke("hard").text == "elm-1 says: hard"
    assert routed().configurable_fields().invoke("hard").text == "elm-1 says: hard"


def test_fields_made_configurable_still_apply() -> None:
    from langchain_core.runnables import ConfigurableField

    model: Any = routed().configurable_fields(threshold=ConfigurableField(id="t"))
    assert model.with_config({"configurable": {"t": 0.95}}).invoke("hard").text == "oak-1 says: hard"
