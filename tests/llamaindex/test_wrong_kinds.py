"""What no argument of a routed LLM may be is refused, shown nowhere, and left on no model under it."""

from typing import Any

import numpy as np
import pytest
from llama_index.core.llms.mock import MockLLM

from llamaindex_routellm import CascadedLLM, RoutedLLM
from shared_router.routers.random import RandomRouter

SECRET = "sk-proj-abcdefgh what is my salary"


def made(routed: Any, **given: Any) -> Any:
    how = {"scorer": lambda _q, _a: 0.5} if routed is CascadedLLM else {"router": RandomRouter()}
    return routed(**{"strong": MockLLM(), "weak": MockLLM(), **how, **given})


@pytest.mark.parametrize("routed", [RoutedLLM, CascadedLLM])
@pytest.mark.parametrize(
    "argument", ["signed_reasoning", "system_prompt", "callback_manager", "router_timeout"]
)
@pytest.mark.parametrize("wrong", [{SECRET: SECRET}, np.zeros((2, 2)), 10**400], ids=type)
def test_a_refused_argument_is_not_shown(routed: Any, argument: str, wrong: Any) -> None:
    with pytest.raises((ValueError, TypeError)) as refused:
        made(routed, **{argument: wrong})
    assert SECRET not in str(refused.value)
    assert "truth value" not in str(refused.value)


@pytest.mark.parametrize("routed", [RoutedLLM, CascadedLLM])
def test_a_system_prompt_that_is_refused_is_left_on_no_model(routed: Any) -> None:
    strong = MockLLM()
    with pytest.raises(ValueError, match="system_prompt must be text or None, got int"):
        made(routed, strong=strong, system_prompt=3)
    assert strong.system_prompt is None


@pytest.mark.parametrize("routed", [RoutedLLM, CascadedLLM])
@pytest.mark.parametrize("field", ["rate_limiter", "output_parser", "messages_to_prompt"])
def test_a_field_of_the_models_that_is_none_is_as_if_it_were_left_out(routed: Any, field: str) -> None:
    assert made(routed, **{field: None}).strong is not None
