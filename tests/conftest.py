"""What every test runs under, and the real model that some of them ask."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from shared_router import MissingExtraError
from shared_router.demo.local_model import gguf_file, local_model_folder
from shared_router.demo.server import OLDEST_PYTHON, LocalServer, serve

if TYPE_CHECKING:
    from collections.abc import Iterator


# torch's threads wait for one another by spinning: beside other work two take ten times as long as one
os.environ.setdefault("OMP_NUM_THREADS", "1")

# a deadline per example would time the machine, not the code
settings.register_profile("default", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("default")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give tests of the local model longer: the first may unpack it, which takes a busy machine minutes."""
    for item in items:
        if item.get_closest_marker("local_llm") and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(600))


@pytest.fixture
def event_loop_of_the_thread() -> Iterator[None]:
    """Close the event loop that LlamaIndex's synchronous methods take from the thread and leave open."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield
    asyncio.set_event_loop(None)
    loop.close()


@pytest.fixture(scope="session")
def local_llm() -> Iterator[LocalServer]:
    """The real local model behind the real HTTP server: `base_url` and `model`, any key.

    Started at the first test that asks for it and stopped with the session. Mark such tests `local_llm`.
    Its answers are limited by `max_tokens` in the client: about 20 tokens a second.
    """
    if sys.version_info < OLDEST_PYTHON:
        pytest.skip("the local model's server needs Python 3.11")
    try:
        gguf_file()
    except MissingExtraError as error:
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail(str(error))
        pytest.skip(str(error))
    with pytest.MonkeyPatch.context() as patch, serve(local_model_folder()) as server:
        # a proxy set for the outside must not be asked for this machine
        patch.setenv("NO_PROXY", "127.0.0.1")
        patch.setenv("no_proxy", "127.0.0.1")
        yield server
