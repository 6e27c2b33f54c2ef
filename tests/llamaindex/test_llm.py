import subprocess
import sys
from pathlib import Path

import pytest
from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.llms.function_calling import FunctionCallingLLM

from llamaindex_routellm import RoutedLLM
from shared_router import (
    ArtifactCorruptError,
    InvalidInputError,
    RouterFallbackWarning,
    RoutingPolicy,
    UnknownNameError,
)
from shared_router.routers.random import RandomRouter
from shared_router.testing import FixedRouter
from tests.llamaindex.fakes import SpyRouter, models, routed_over_fakes

DELEGATED = (
    *("chat", "achat", "stream_chat", "astream_chat"),
    *("complete", "acomplete", "stream_complete", "astream_complete"),
    *("predict", "apredict", "stream", "astream"),
    *("structured_predict", "astructured_predict"),
    *("stream_structured_predict", "astream_structured_predict"),
    *("chat_with_tools", "achat_with_tools", "stream_chat_with_tools", "astream_chat_with_tools"),
    *("predict_and_call", "apredict_and_call"),
)


@pytest.mark.parametrize("method", DELEGATED)
def test_no_delegated_method_is_inherited_from_llamaindex(method: str) -> None:
    owner = next(cls for cls in RoutedLLM.__mro__ if method in cls.__dict__)
    assert owner.__module__.startswith("llamaindex_routellm")


def test_it_is_a_function_calling_llm() -> None:
    assert issubclass(RoutedLLM, FunctionCallingLLM)


@pytest.mark.parametrize("name", ["strong", "weak"])
def test_both_models_must_be_given(name: str) -> None:
    given = models()
    del given[name]
    with pytest.raises(TypeError, match=name):
        RoutedLLM(**given)


@pytest.mark.parametrize("threshold", [-0.1, 1.5, float("nan")])
def test_the_threshold_must_be_a_share(threshold: float) -> None:
    with pytest.raises(InvalidInputError, match=r"threshold must be a number in \[0, 1\]"):
        RoutedLLM(**models(threshold=threshold))


def test_an_unknown_router_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="a router must be one of"):
        RoutedLLM(**models(router="nonesuch"))


def test_a_router_given_by_folder_must_be_the_expected_one(tmp_path: Path) -> None:
    pin = RandomRouter(seed=1).save(tmp_path)
    llm = RoutedLLM(**models(router=tmp_path, expected_sha256=pin))
    with llm.capture() as decisions:
        llm.complete("hi")
    assert [decision.router for decision in decisions] == [str(tmp_path)]
    with pytest.raises(ArtifactCorruptError, match=r"config\.json must have the SHA-256"):
        RoutedLLM(**models(router=str(tmp_path), expected_sha256="0" * 64))
    with pytest.raises(InvalidInputError, match="expected_sha256 must be left to the policy"):
        RoutedLLM(**models(router=None, policy=RoutingPolicy(FixedRouter(0.5)), expected_sha256=pin))


def test_a_router_that_fails_sends_the_call_strong_with_the_reason() -> None:
    routed = RoutedLLM(**models(router=FixedRouter(float("nan"))))
    with pytest.warns(RouterFallbackWarning, match="router fixed failed"):
        decision = routed.complete("hi").additional_kwargs["routellm"]
    assert (decision["model"], decision["reason"]) == ("strong", "router_error:RouterOutputError")


def test_captures_nest_and_see_only_their_own_llm() -> None:
    routed, _ = routed_over_fakes()
    other = RoutedLLM(**models(router=SpyRouter()))
    with routed.capture() as outer:
        routed.complete("HARD")
        with routed.capture() as inner:
            routed.complete("easy")
            other.complete("HARD")
    routed.complete("HARD")
    assert [decision.model for decision in outer] == ["strong", "weak"]
    assert [decision.model for decision in inner] == ["weak"]


def test_a_said_query_is_scored_in_place_of_the_prompt() -> None:
    routed, spy = routed_over_fakes()
    with routed.query("HARD"):
        response = routed.chat([ChatMessage(role="user", content="documents")])
    assert spy.seen == ["HARD"]
    assert response.additional_kwargs["routellm"]["source"] == "scope"


def test_importing_the_adapter_loads_nothing_heavy_that_llamaindex_does_not() -> None:
    code = (
        "import sys, llama_index.core, llama_index.core.llms.structured_llm; before = set(sys.modules);"
        "import llamaindex_routellm; new = set(sys.modules) - before;"
        "heavy = {'torch', 'transformers', 'openai', 'pandas', 'sklearn', 'matplotlib', 'langchain_core'};"
        "print(sorted({name.partition('.')[0] for name in new} & heavy))"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == "[]"
