"""Which conversation a LangChain call is part of: ours, LangGraph's or a chat history's name for it."""

from typing import Any
from uuid import UUID

import pytest

from langchain_routellm.override import request_of

THREAD = UUID(int=1)


@pytest.mark.parametrize(
    ("configurable", "name"),
    [
        ({"thread_id": "graph"}, "graph"),
        ({"session_id": "history"}, "history"),
        ({"thread_id": "graph", "session_id": "history"}, "graph"),
        ({"thread_id": "graph", "routellm_conversation": "own"}, "own"),
        ({"thread_id": THREAD}, str(THREAD)),
        ({"thread_id": 7}, "7"),
        ({"thread_id": "", "session_id": "x" * 201}, None),
        ({"thread_id": {"no": "name"}}, None),
        ({}, None),
    ],
)
def test_a_call_is_part_of_the_conversation_that_its_config_names(
    configurable: dict[str, Any], name: str | None
) -> None:
    assert request_of("x", None, {"configurable": configurable}).conversation == name
