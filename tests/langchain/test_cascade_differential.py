"""Nobody can tell a cascade's answer from its child's: the same outputs, and the events of one call."""

from typing import Any

import pytest

from langchain_routellm import CascadedChatModel
from tests.answer_scorers import accepts, rejects
from tests.langchain.fake_tool_models import ChatElm, ChatStone
from tests.langchain.graph_scenarios import SCENARIOS
from tests.langchain.test_differential import TALKED, _observed

pytestmark = [
    pytest.mark.filterwarnings("ignore::shared_router.errors.SameModelWarning"),
    pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainBetaWarning"),
]

# an accepted weak answer is one piece, and each conversation or input is a plan of its own
OTHERWISE = ("stream", "event", "transform", "messages_mode", "generate", "structured_batch")
ALIKE = [name for name in SCENARIOS if not any(word in name for word in OTHERWISE)]

# strong and weak are one model here, so that a rejected answer would be in its cache
UNCACHED = [name for name in TALKED if "cached" not in name and name != "generate"]


def _models(child_class: type[ChatStone], scorer: Any) -> tuple[Any, Any]:
    profile: Any = {"max_input_tokens": 1000, "tool_calling": True, "name": "fake"}
    alone, inside = child_class(profile=profile, name="model"), child_class(profile=profile, name="model")
    return alone, CascadedChatModel(
        strong=inside, weak=inside, scorer=scorer, on_tool_calls="pass", on_scorer_error="raise", name="model"
    )


@pytest.mark.parametrize("name", ALIKE)
async def test_an_accepted_answer_is_the_weak_models_own(name: str) -> None:
    alone, cascaded = _models(ChatElm, accepts)
    expected, actual = await _observed(SCENARIOS[name], alone), await _observed(SCENARIOS[name], cascaded)
    assert actual == expected


@pytest.mark.parametrize("name", UNCACHED)
async def test_the_answer_after_a_rejected_one_is_the_strong_models_own(name: str) -> None:
    alone, cascaded = _models(ChatElm, rejects)
    expected, actual = await _observed(SCENARIOS[name], alone), await _observed(SCENARIOS[name], cascaded)
    assert actual["outcome"] == expected["outcome"]
