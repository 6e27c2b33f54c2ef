"""Nobody can tell a routed model from its child: the same outputs, callbacks, usage and errors."""

import inspect
from typing import Any

import pytest
from langchain_core.messages import BaseMessage
from langchain_core.outputs import Generation, LLMResult

from langchain_routellm import RoutedChatModel
from shared_router.testing import FixedRouter
from tests.langchain.fake_tool_models import ChatElm, ChatOak, ChatStone
from tests.langchain.graph_scenarios import SCENARIOS
from tests.langchain.recorder import Recorder

# Strong and weak are one model here on purpose. Version v3 of stream_events is in beta.
pytestmark = [
    pytest.mark.filterwarnings("ignore::shared_router.errors.SameModelWarning"),
    pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainBetaWarning"),
]


_OF_ONE_RUN = ("id", "run_id", "checkpoint_ns", "langgraph_checkpoint_ns", "tool_call_id")


def _plain(value: Any) -> Any:
    """Return a value without what differs between two runs (ids) and without our decisions."""
    if isinstance(value, BaseMessage):
        return {"class": type(value).__name__, **_plain(value.model_dump(exclude={"id"}))}
    if isinstance(value, LLMResult):
        return {"generations": _plain(value.generations), "llm_output": value.llm_output}
    if isinstance(value, Generation):
        return {"text": value.text, "info": value.generation_info, "message": _plain(value.message)}  # type: ignore[attr-defined]
    if isinstance(value, dict):
        return {
            key: _plain(each)
            for key, each in value.items()
            if key not in _OF_ONE_RUN and not str(key).startswith("routellm")
        }
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, Exception):
        return (type(value), str(value))
    return value


async def _observed(run: Any, model: Any) -> dict[str, Any]:
    recorder = Recorder()
    config = {"callbacks": [recorder], "tags": ["tag"], "metadata": {"key": 1}, "max_concurrency": 1}
    try:
        outcome = run(model, config)
        outcome = await outcome if inspect.isawaitable(outcome) else outcome
    except Exception as error:  # noqa: BLE001  # errors must be equal too
        outcome = error
    return {"outcome": _plain(outcome), "events": _plain(recorder.events)}


# what a model cannot do is told by our own error, which names both children
TALKED = [name for name in SCENARIOS if "tool" not in name and "structured" not in name]
CASES: list[tuple[str, type[ChatStone]]]
CASES = [(name, child) for child in (ChatElm, ChatOak) for name in SCENARIOS]
CASES += [(name, ChatStone) for name in TALKED]


def test_there_are_enough_scenarios() -> None:
    assert len(SCENARIOS) >= 60


@pytest.mark.parametrize(("name", "child_class"), CASES)
async def test_a_routed_model_is_its_child(name: str, child_class: type[ChatStone]) -> None:
    profile: Any = {"max_input_tokens": 1000, "tool_calling": True, "name": "fake"}
    alone, inside = child_class(profile=profile, name="model"), child_class(profile=profile, name="model")
    router = FixedRouter(0.9)
    routed = RoutedChatModel(strong=inside, weak=inside, router=router, threshold=0.5, name="model")
    expected, actual = await _observed(SCENARIOS[name], alone), await _observed(SCENARIOS[name], routed)
    assert actual == expected
    assert _plain(inside.calls) == _plain(alone.calls)
