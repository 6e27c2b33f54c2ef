from typing import Any

import pytest
from llama_index.core import PromptTemplate, Settings
from llama_index.core.base.llms.types import MessageRole
from llama_index.core.callbacks import CallbackManager, TokenCountingHandler
from llama_index.core.llms import LLM
from llama_index.core.types import PydanticProgramMode

from llamaindex_routellm import RoutedLLM
from shared_router import (
    InvalidInputError,
    SameModelWarning,
    UnlikeModelsWarning,
)
from shared_router.testing import FixedRouter
from tests.llamaindex.fakes import FakeChat, models


@pytest.mark.parametrize("name", ["strong", "weak"])
@pytest.mark.parametrize("llm", [None, "gpt-4o", FakeChat])
def test_each_model_must_be_an_llm(name: str, llm: Any) -> None:
    with pytest.raises(InvalidInputError, match=f"{name} must be a LlamaIndex LLM, got"):
        RoutedLLM(**models(**{name: llm}))


def test_one_object_twice_is_allowed_with_a_warning() -> None:
    llm = FakeChat()
    with pytest.warns(SameModelWarning, match="both are one object: routing saves nothing"):
        routed = RoutedLLM(strong=llm, weak=llm, router=FixedRouter(0.2))
    assert routed.complete("hi").text == "fake says so"


REFUSED = {
    "rate_limiter": object(),
    "output_parser": object(),
    "query_wrapper_prompt": PromptTemplate("{query_str}"),
    "messages_to_prompt": str,
    "completion_to_prompt": str,
}


@pytest.mark.parametrize(("field", "value"), REFUSED.items())
def test_a_field_of_the_children_is_refused_with_the_fix(field: str, value: Any) -> None:
    message = f"set strong.{field} and weak.{field}"
    with pytest.raises(InvalidInputError, match=message):
        RoutedLLM(**models(**{field: value}))
    routed = RoutedLLM(**models())
    with pytest.raises(InvalidInputError, match=message):
        setattr(routed, field, value)


def test_an_unknown_argument_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="RoutedLLM takes no argument named 'treshold'"):
        RoutedLLM(**models(treshold=0.3))


def test_an_assigned_callback_manager_reaches_both_models() -> None:
    routed = RoutedLLM(**models())
    manager = CallbackManager([])
    routed.callback_manager = manager
    assert routed.strong.callback_manager is routed.weak.callback_manager is manager


def test_settings_leave_the_models_their_own_callback_managers(monkeypatch: pytest.MonkeyPatch) -> None:
    mine = CallbackManager([])
    routed = RoutedLLM(**models(strong=FakeChat(callback_manager=mine)))
    monkeypatch.setattr(Settings, "_llm", None)
    Settings.llm = routed
    assert routed.strong.callback_manager is mine


def test_settings_callback_manager_reaches_both_models(monkeypatch: pytest.MonkeyPatch) -> None:
    counter = TokenCountingHandler(tokenizer=str.split)
    routed = RoutedLLM(**models())
    monkeypatch.setattr(Settings, "_llm", routed)
    monkeypatch.setattr(Settings, "_callback_manager", CallbackManager([counter]))
    Settings.llm.complete("one two three")
    assert counter.prompt_llm_token_count == 3


def test_the_program_mode_of_settings_reaches_both_models(monkeypatch: pytest.MonkeyPatch) -> None:
    routed = RoutedLLM(**models())
    monkeypatch.setattr(Settings, "_llm", routed)
    Settings.pydantic_program_mode = PydanticProgramMode.LLM
    assert routed.weak.pydantic_program_mode == PydanticProgramMode.LLM


def system_texts(llm: LLM) -> list[str | None]:
    assert isinstance(llm, FakeChat)
    return [message.content for message in llm.prompts[-1] if message.role == MessageRole.SYSTEM]


def test_a_system_prompt_given_once_is_sent_once() -> None:
    routed = RoutedLLM(**models(system_prompt="Be brief."))
    routed.predict(PromptTemplate("{query_str}"), query_str="Why?")
    assert system_texts(routed.weak) == ["Be brief."]
    assert routed.system_prompt == "Be brief."


def test_a_system_prompt_of_both_models_is_theirs_and_the_routed_llms() -> None:
    children = {"strong": FakeChat(system_prompt="Be brief."), "weak": FakeChat(system_prompt="Be brief.")}
    routed = RoutedLLM(**models(**children))
    routed.predict(PromptTemplate("{query_str}"), query_str="Why?")
    assert system_texts(routed.weak) == ["Be brief."]
    assert routed.system_prompt == "Be brief."


def test_unlike_system_prompts_are_warned_of() -> None:
    with pytest.warns(UnlikeModelsWarning, match="should have one system_prompt, and theirs differ"):
        routed = RoutedLLM(**models(strong=FakeChat(system_prompt="Be brief.")))
    assert routed.system_prompt is None


@pytest.mark.parametrize("wrong", [{"context_window": 0}, {"weak": FakeChat(system_prompt="b")}])
def test_a_refused_construction_leaves_the_models_as_they_were(wrong: dict[str, Any]) -> None:
    own = CallbackManager([])
    strong = FakeChat(callback_manager=own)
    with pytest.raises(InvalidInputError):
        RoutedLLM(
            **models(strong=strong, system_prompt="a", callback_manager=CallbackManager([]), **wrong),
        )
    assert (strong.system_prompt, strong.callback_manager) == (None, own)


def test_a_second_system_prompt_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="system_prompt must be given once, and strong has another"):
        RoutedLLM(**models(strong=FakeChat(system_prompt="a"), system_prompt="b"))
