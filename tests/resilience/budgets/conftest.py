"""The stores that a budget can be counted in."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.resilience.budgets.stores import redis_server


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """The URL of a real Redis that nobody else asks; a socket's path is short, so not pytest's folder."""
    with tempfile.TemporaryDirectory() as folder, redis_server(Path(folder)) as url:
        yield url
