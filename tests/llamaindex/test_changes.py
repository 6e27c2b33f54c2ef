"""changes.py: a routed LLM's arguments, changed after construction."""

from typing import Any

import pytest
from llama_index.core.base.llms.types import ChatMessage

from llamaindex_routellm import RoutedLLM
from shared_router import InvalidInputError, UnknownNameError
from shared_router.testing import FixedRouter
from tests.llamaindex.fakes import FakeChat, models


def _routed(**changes: Any) -> RoutedLLM:
    return RoutedLLM(**models(**{"router": FixedRouter(0.6), "threshold": 0.5, **changes}))


def _changed(routed: RoutedLLM, how: str, **changes: Any) -> RoutedLLM:
    if how == "copied":
        return routed.model_copy(update=changes)
    for name, value in changes.items():
        setattr(routed, name, value)
    return routed


def _model(routed: RoutedLLM, *texts: str) -> str:
    messages = [ChatMessage(role="user", content=text) for text in texts]
    return str(routed.chat(messages).additional_kwargs["routellm"]["model"])


@pytest.mark.parametrize("how", ["assigned", "copied"])
@pytest.mark.parametrize(
    ("changes", "texts"),
    [
        ({"threshold": 0.7}, ["q"]),
        ({"router": FixedRouter(0.4)}, ["q"]),
        ({"strip": lambda text: ""}, ["q"]),
        ({"on_no_query": "weak"}, []),
    ],
)
def test_a_changed_setting_decides(how: str, changes: dict[str, Any], texts: list[str]) -> None:
    """0.6 reaches 0.5: strong. It does not reach 0.7, nor 0.4 0.5; without a question a rule decides."""
    routed = _routed(on_no_query="weak") if "strip" in changes else _routed()
    assert _model(routed, *texts) == "strong"
    assert _model(_changed(routed, how, **changes), *texts) == "weak"


def test_a_copys_settings_are_its_own() -> None:
    routed = _routed()
    copied = routed.model_copy(update={"threshold": 0.7, "system_prompt": "short"})
    assert (copied.threshold, routed.threshold) == (0.7, 0.5)
    assert [llm.system_prompt for llm in copied.children.values()] == ["short", "short"]
    assert [llm.system_prompt for llm in routed.children.values()] == [None, None]


@pytest.mark.parametrize("copied", [RoutedLLM.model_copy, lambda routed: routed.__copy__()])
def test_a_copys_models_are_its_own(copied: Any) -> None:
    routed = _routed()
    before, other = routed.strong, FakeChat(model="other")
    copy = copied(routed)
    copy.strong = other
    assert (copy.strong, routed.strong) == (other, before)


@pytest.mark.parametrize("how", ["assigned", "copied"])
@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"treshold": 0.3}, InvalidInputError, "did you mean threshold"),
        ({"threshold": 1.5}, InvalidInputError, r"threshold must be a number in \[0, 1\]"),
        ({"on_no_query": "middle"}, InvalidInputError, "on_no_query must be one of"),
        ({"router": "unheard of"}, UnknownNameError, "router"),
        ({"sticky": "always"}, InvalidInputError, "sticky must be"),
        ({"policy": 1}, InvalidInputError, "policy must be a RoutingPolicy"),
        ({"models": {}}, InvalidInputError, "models must be those that the policy decides between"),
        ({"weak": None}, InvalidInputError, "weak must be a LlamaIndex LLM"),
        ({"output_parser": object()}, InvalidInputError, "output_parser must be set on the models"),
    ],
)
def test_a_change_is_refused_as_at_construction(
    how: str, changes: dict[str, Any], error: type[Exception], message: str
) -> None:
    routed = _routed()
    with pytest.raises(error, match=message):
        _changed(routed, how, **changes)
    assert _model(routed, "q") == "strong"
