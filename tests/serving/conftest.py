"""A server before an upstream that records, for all tests of a file."""

from collections.abc import Iterator

import pytest

from tests.serving.running import Between, WireUpstream, running, served


@pytest.fixture(scope="module")
def between() -> Iterator[Between]:
    upstream = WireUpstream(b"")
    with upstream.listening() as wire, running(served(wire)) as url:
        yield Between(upstream, wire, url)
