"""An OpenAI-compatible HTTP server over the local model, for as long as a `with` block lasts.

It is `transformers serve` (transformers 5.23; an older one ignores `max_completion_tokens`, by which
LangChain's client limits an answer). What to know of it: it reports token usage in every answer and, in a
stream, on the last chunk without being asked; it answers under the name `MODEL@main`; it ignores
`tool_choice`, `response_format`, `n`, `logprobs` and `stream_options`; it serves one request at a time.
"""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from shared_router.errors import InvalidInputError, LocalServerError, MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Iterator

OLDEST_PYTHON = (3, 11)
"""What transformers 5.23 needs."""

_NEEDED = ("transformers", "torch", "accelerate", "fastapi", "uvicorn", "openai")
_POLL_SECONDS = 0.25
_TAIL_LINES = 5
_ADDRESS = re.compile(r"http://127\.0\.0\.1:(\d+)")


@dataclass(frozen=True, slots=True)
class LocalServer:
    """A server that answers.

    Attributes:
        base_url: What an OpenAI client takes as its base URL, for example `http://127.0.0.1:50123/v1`.
        model: The only model name that the server answers to.
        start_seconds: How long it took to load the model and answer.
    """

    base_url: str
    model: str
    start_seconds: float


@contextlib.contextmanager
def serve(
    folder: str | Path, *, threads: int = 1, timeout_seconds: float = 180.0, progress: bool = True
) -> Iterator[LocalServer]:
    """Serve the model in a folder on a free port of this machine, and stop at the end of the block.

    The server ends with this process too, even if that is killed. It listens on the loopback address
    alone, needs no key and fetches nothing from a model hub.

    Args:
        folder: A folder that `from_pretrained` loads; its name becomes the model's.
        threads: Processor threads for the model, >= 1. More than the machine has free slow it down.
        timeout_seconds: How long it may take until the server answers, in seconds, > 0.
        progress: Whether to show how long it has been starting.

    Yields:
        The server's address and model.

    Raises:
        InvalidInputError: If the folder is none, or an argument is outside its range.
        MissingExtraError: If the server's packages are not installed, or Python is older than 3.11.
        LocalServerError: If it stops or does not answer in time; the message ends with its last words.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InvalidInputError(f"the model must be a folder that exists, got {str(folder)!r}")
    if threads < 1 or not timeout_seconds > 0:
        raise InvalidInputError(
            f"threads must be >= 1 and timeout_seconds > 0, got {threads!r} and {timeout_seconds!r}"
        )
    if sys.version_info < OLDEST_PYTHON:
        raise MissingExtraError(
            "the local model needs Python 3.11 or newer, for transformers 5.23, which serves it, does; "
            "name servers with --strong, --weak and --base-url instead"
        )
    for package in _NEEDED:
        if find_spec(package) is None:
            raise MissingExtraError.of(package, "demo")
    with tempfile.TemporaryDirectory(prefix="routellm-") as scratch:
        log = Path(scratch) / "server.log"
        process = _start(folder, log, threads)
        try:
            started = time.monotonic()
            base_url = _wait(process, log, timeout_seconds, progress=progress)
            yield LocalServer(base_url, folder.name, time.monotonic() - started)
        finally:
            _stop(process)


def _start(folder: Path, log: Path, threads: int) -> subprocess.Popen[bytes]:
    import shared_router

    package_root = str(Path(shared_router.__file__).resolve().parents[1])
    python_path = os.pathsep.join(filter(None, [package_root, os.environ.get("PYTHONPATH", "")]))
    environment = {
        **os.environ,
        "HF_HUB_OFFLINE": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "OMP_NUM_THREADS": str(threads),
        "MKL_NUM_THREADS": str(threads),
        "PYTHONPATH": python_path,
        "PYTHONUNBUFFERED": "1",
    }
    # Port 0 lets the server take a free port itself: one found beforehand may be gone seconds later, when
    # the model is loaded and the server at last binds it.
    options = ["--host", "127.0.0.1", "--port", "0", "--device", "cpu", "--dtype", "float32"]
    command = [sys.executable, "-m", "shared_router.demo.serve_process", str(folder.resolve()), *options]
    with log.open("wb") as output:
        return subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=output, stderr=subprocess.STDOUT
        )


def _wait(process: subprocess.Popen[bytes], log: Path, timeout_seconds: float, *, progress: bool) -> str:
    from tqdm.auto import tqdm

    deadline = time.monotonic() + timeout_seconds
    look = "{desc}: {elapsed}"  # how long it takes is all that is known
    with tqdm(
        desc="Starting the model server", disable=not progress, bar_format=look, mininterval=1.0
    ) as bar:
        while time.monotonic() < deadline:
            if process.poll() is not None:
                raise LocalServerError(
                    f"the model server must keep running, and it stopped with status {process.returncode}; "
                    f"if the model's folder is damaged, delete it. The server's last words: {_tail(log)}"
                )
            address = _ADDRESS.search(log.read_text("utf-8", errors="replace"))
            if address is not None and _is_healthy(address.group()):
                return f"{address.group()}/v1"
            bar.update()
            time.sleep(_POLL_SECONDS)
    raise LocalServerError(
        f"the model server must answer within {timeout_seconds:g} seconds, and it does not; free the "
        f"machine or give it longer. The server's last words: {_tail(log)}"
    )


def _is_healthy(address: str) -> bool:
    # a proxy set for the outside must not be asked for this machine
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{address}/health", timeout=5) as response:
            healthy: bool = response.status == 200
            return healthy
    except (urllib.error.URLError, TimeoutError, ConnectionError):
        return False


def _tail(log: Path) -> str:
    """Return the log's last lines as one line; it holds no prompt, only the server's own messages."""
    text = log.read_text("utf-8", errors="replace").replace("\r", "\n")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return " | ".join(lines[-_TAIL_LINES:]) or "(none)"


def _stop(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(OSError):  # it may be gone already
        process.stdin.close()  # type: ignore[union-attr]
    try:
        process.wait(timeout=5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
