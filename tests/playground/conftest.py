"""The playground, running, and a real browser that looks at it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.fault_server import FaultServer

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Dialog, Page

SECRET = "sk-secret-of-the-playground"
_TYPED_OR_UPLOADED = (b"infinitely many", b"downloading a 200 GB file", b"capital of France")
_BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@dataclass
class Playground:
    """The running page.

    Attributes:
        url: Where it is.
        refused: What its process tried to reach beyond this machine, one a line.
        provider: The models that it chats with.
    """

    url: str
    _refused: Path
    provider: FaultServer

    @property
    def refused(self) -> str:
        return self._refused.read_text() if self._refused.exists() else ""


@dataclass
class Seen:
    """What a page did: where it asked, and what it complained of."""

    urls: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)


@pytest.fixture(scope="package")
def chromium() -> str:
    """Where Chromium is."""
    pytest.importorskip("streamlit", reason="the extra playground needs Python 3.11")
    pytest.importorskip("playwright", reason="playwright is not installed")
    found = next((path for name in _BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip("no Chromium here; apt-get install chromium")
    return found


@pytest.fixture(scope="package")
def playground(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Playground]:
    folder = tmp_path_factory.mktemp("playground")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    refused, kept = folder / "refused.txt", folder / "tmp"
    kept.mkdir()
    # where Streamlit would look for a user's own settings, and where uploads lie while they are read
    environment = {**os.environ, "OPENAI_API_KEY": SECRET, "HOME": str(folder), "TMPDIR": str(kept)}
    with FaultServer() as provider, (folder / "log.txt").open("w") as log:
        models = ["--strong", "strong-model", "--weak", "weak-model", "--base-url", provider.url]
        module = [sys.executable, "-m", "tests.playground.guarded_playground", str(refused)]
        process = subprocess.Popen(
            [*module, "--port", str(port), *models], stdout=log, stderr=subprocess.STDOUT, env=environment
        )
        try:
            _wait(f"http://127.0.0.1:{port}/_stcore/health", process, folder / "log.txt")
            yield Playground(f"http://127.0.0.1:{port}", refused, provider)
        finally:
            process.terminate()
            process.wait(timeout=30)
    assert list(kept.iterdir()) == []
    written = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    assert not any(text in written for text in (SECRET.encode(), *_TYPED_OR_UPLOADED))


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    for _ in range(480):
        assert process.poll() is None, log.read_text()
        try:
            with opener.open(url, timeout=5) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            pass
        time.sleep(0.25)
    pytest.fail(f"the playground does not answer: {log.read_text()}")


@pytest.fixture(scope="package")
def browser(chromium: str) -> Iterator[Browser]:
    """A browser for these tests alone: while it is open, its event loop runs in the thread of all tests."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as started:
        found = started.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        yield found
        found.close()


@pytest.fixture
def seen() -> Seen:
    return Seen()


@pytest.fixture(scope="package")
def desk(browser: Browser, playground: Playground) -> Iterator[BrowserContext]:
    """A window whose tabs share what was loaded before; what a tab does is its own session."""
    context = browser.new_context(base_url=playground.url, viewport={"width": 1280, "height": 900})
    context.set_default_timeout(60_000)
    yield context
    context.close()


@pytest.fixture
def page(desk: BrowserContext, playground: Playground, seen: Seen) -> Iterator[Page]:
    """A tab; a test fails that leaves this machine or opens a dialog."""
    opened = desk.new_page()

    def dismiss(dialog: Dialog) -> None:
        seen.dialogs.append(dialog.message)
        dialog.dismiss()

    opened.on("request", lambda request: seen.urls.append(request.url))
    opened.on("dialog", dismiss)
    yield opened
    opened.close()
    local = (playground.url, playground.url.replace("http", "ws", 1), "data:", "blob:", "about:")
    assert [url for url in seen.urls if not url.startswith(local)] == []
    assert seen.dialogs == []
    assert playground.refused == ""
