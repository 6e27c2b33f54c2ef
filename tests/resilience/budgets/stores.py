"""The stores that a budget can be counted in; a Redis is started for the tests alone."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def redis_server(folder: Path) -> Iterator[str]:
    """Run a Redis of one's own, and return its URL; skip where there is none."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("redis-server is not installed here")
    pytest.importorskip("redis")
    path = folder / "redis.sock"
    server = subprocess.Popen(
        [program, "--port", "0", "--unixsocket", str(path), "--save", "", "--dir", str(folder)],
        stdout=subprocess.DEVNULL,
    )
    try:
        _wait_for(path)
        yield f"unix://{path}"
    finally:
        server.terminate()
        server.wait(10)


def _wait_for(path: Path) -> None:
    for _ in range(500):
        with socket.socket(socket.AF_UNIX) as client:
            if path.exists() and client.connect_ex(str(path)) == 0:
                return
        time.sleep(0.02)
    raise TimeoutError("redis-server did not start")
