from collections.abc import Iterator

import pytest
from llama_index_instrumentation import get_dispatcher

from tests.llamaindex.recorder import EventRecorder


@pytest.fixture(autouse=True)
def no_loop_is_left(event_loop_of_the_thread: None) -> None:
    """Every test here may call synchronous methods that run a loop."""


@pytest.fixture
def recorder() -> Iterator[EventRecorder]:
    """Record every event of the process."""
    handler = EventRecorder()
    get_dispatcher().add_event_handler(handler)
    yield handler
    get_dispatcher().event_handlers.remove(handler)
