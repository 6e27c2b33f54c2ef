from typing import Any

import pytest
from llama_index.core.base.llms.types import MessageRole

from llamaindex_routellm import RoutedLLM
from shared_router import (
    InvalidInputError,
    UnlikeModelsWarning,
)
from tests.llamaindex.fakes import FakeChat, FakeCompletion, models


@pytest.mark.parametrize("window", ["max", 0, -1, True, 2.5])
def test_the_context_window_must_be_a_choice_or_tokens(window: Any) -> None:
    with pytest.raises(InvalidInputError, match='context_window must be "min", "strong" or tokens > 0'):
        RoutedLLM(**models(context_window=window))


def test_the_context_window_is_the_smaller_one() -> None:
    children = models(strong=FakeChat(window=8000), weak=FakeChat(window=2000))
    assert RoutedLLM(**children).metadata.context_window == 2000
    assert RoutedLLM(**children, context_window="strong").metadata.context_window == 8000
    assert RoutedLLM(**children, context_window=5000).metadata.context_window == 5000


def test_it_chats_only_if_both_chat_and_calls_functions_if_one_does() -> None:
    both = RoutedLLM(**models()).metadata
    assert (both.is_chat_model, both.is_function_calling_model) == (True, True)
    one = RoutedLLM(**models(weak=FakeCompletion())).metadata
    assert (one.is_chat_model, one.is_function_calling_model) == (False, True)


def test_it_names_both_models_and_takes_the_strong_ones_role() -> None:
    metadata = RoutedLLM(**models()).metadata
    assert metadata.model_name == "routed(big|small)"
    assert metadata.system_role == MessageRole.SYSTEM


def test_models_of_unlike_system_roles_are_warned_of_once() -> None:
    routed = RoutedLLM(**models(strong=FakeChat(role=MessageRole.USER)))
    with pytest.warns(UnlikeModelsWarning, match="one system role"):
        assert routed.metadata.system_role == MessageRole.USER
    assert routed.metadata.system_role == MessageRole.USER
