"""conversation_scope.py: which conversation a request is part of."""

from typing import Any

import pytest

from shared_router import (
    InvalidInputError,
    RoutingPolicy,
    RoutingRequest,
    conversation_scope,
    current_conversation,
)
from shared_router.testing import FixedRouter


def test_the_innermost_block_names_the_conversation() -> None:
    assert current_conversation() is None
    with conversation_scope("outer"):
        with conversation_scope(7):  # type: ignore[arg-type]
            assert current_conversation() == "7"
        assert current_conversation() == "outer"


@pytest.mark.parametrize("name", ["", "x" * 201, 1.5, True, b"x"])
def test_a_conversations_name_is_a_short_name(name: Any) -> None:
    with pytest.raises(InvalidInputError, match="conversation must be a name"), conversation_scope(name):
        pass
    with pytest.raises(InvalidInputError, match="conversation must be a name"):
        RoutingPolicy(FixedRouter(0.5)).decide(RoutingRequest("x", conversation=name))
