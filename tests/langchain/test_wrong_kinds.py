"""What no argument of a routed model may be is refused, and shown nowhere: it may be a prompt or a key."""

from typing import Any

import numpy as np
import pytest
from langchain_core.language_models.fake_chat_models import FakeListChatModel

from langchain_routellm import CascadedChatModel, RoutedChatModel, RouteLLMMiddleware
from shared_router.routers.random import RandomRouter

SECRET = "sk-proj-abcdefgh what is my salary"


MODELS = ["route_on", "signed_reasoning", "follow_ups", "tags", "router_timeout"]
ARGUMENTS: dict[Any, list[str]] = {
    RoutedChatModel: MODELS,
    CascadedChatModel: MODELS,
    RouteLLMMiddleware: ["route_on", "signed_reasoning", "per", "router_timeout"],
}
EITHER = [(routed, argument) for routed, arguments in ARGUMENTS.items() for argument in arguments]


@pytest.mark.parametrize(("routed", "argument"), EITHER)
@pytest.mark.parametrize("wrong", [SECRET, {SECRET: SECRET}, np.zeros((2, 2)), 10**400], ids=type)
def test_a_refused_argument_is_not_shown(routed: Any, argument: str, wrong: Any) -> None:
    children = {each: FakeListChatModel(responses=["a"]) for each in ("strong", "weak")}
    how = {"scorer": lambda _q, _a: 0.5} if routed is CascadedChatModel else {"router": RandomRouter()}
    with pytest.raises((ValueError, TypeError)) as refused:
        routed(**children, **how, **{argument: wrong})
    assert SECRET not in str(refused.value)
    assert "truth value" not in str(refused.value)
