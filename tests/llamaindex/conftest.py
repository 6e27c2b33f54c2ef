import asyncio
from collections.abc import Iterator

import pytest
from llama_index_instrumentation import get_dispatcher

from tests.llamaindex.hearing import Hearing


@pytest.fixture(autouse=True)
def event_loop_of_the_thread() -> Iterator[None]:
    """Close the loop that LlamaIndex's synchronous methods take from the thread and leave open."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield
    asyncio.set_event_loop(None)
    loop.close()


@pytest.fixture
def hearing() -> Iterator[Hearing]:
    """Hear every event of the process."""
    handler = Hearing()
    get_dispatcher().add_event_handler(handler)
    yield handler
    get_dispatcher().event_handlers.remove(handler)
