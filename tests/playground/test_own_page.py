"""Requests that another site, or a name that was rebound to this machine, makes a browser send."""

from __future__ import annotations

import http.client
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

pytest.importorskip("streamlit", reason="the extra playground needs Python 3.11")

from shared_router.playground.own_page import is_own
from tests.playground.conftest import Playground

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import BrowserContext, ConsoleMessage

_UPGRADE = {
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version": "13",
}


def status_of(playground: Playground, path: str, headers: dict[str, str]) -> int:
    at = http.client.HTTPConnection(urlsplit(playground.url).netloc, timeout=30)
    try:
        at.request("GET", path, headers=headers)
        return at.getresponse().status
    finally:
        at.close()


def naming(text: str) -> Callable[[ConsoleMessage], bool]:
    return lambda said: text in said.text


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("127.0.0.1:8501", None),
        ("127.0.0.1:8501", "http://127.0.0.1:8501"),
        ("localhost:9000", "http://localhost:9000"),
        ("[::1]:8501", None),
        ("localhost", None),
    ],
)
def test_the_page_itself_and_programs_of_this_machine_are_answered(host: str, origin: str | None) -> None:
    assert is_own(host, origin)


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("evil.example:8501", "http://evil.example:8501"),  # rebound to 127.0.0.1
        ("evil.example", None),
        ("127.0.0.1.evil.example", None),
        ("127.0.0.1:8501", "http://evil.example"),
        ("127.0.0.1:8501", "http://127.0.0.1:3000"),  # another program's page
        ("127.0.0.1:8501", "http://localhost:8501"),
        ("127.0.0.1:8501", "https://127.0.0.1:8501"),
        ("127.0.0.1:8501", "null"),  # a frame without an origin, a file
        ("evil@127.0.0.1:8501", None),
        ("127.0.0.1:8501 ; script-src *", None),
        ("127.0.0.1:port", None),
        ("[::1", None),
        ("", None),
    ],
)
def test_other_sites_and_rebound_names_are_refused(host: str, origin: str | None) -> None:
    assert not is_own(host, origin)


def test_a_websocket_of_another_site_is_refused_and_nobody_is_asked_about_it(playground: Playground) -> None:
    """Streamlit would ask a server outside for this machine's address, to compare it with the site's."""
    own = urlsplit(playground.url).netloc
    socket = "/_stcore/stream"
    assert status_of(playground, socket, {**_UPGRADE, "Origin": playground.url}) == 101
    assert status_of(playground, socket, {**_UPGRADE, "Origin": "http://203.0.113.7"}) == 403
    rebound = {"Host": own.replace("127.0.0.1", "evil.example")}
    same = {"Origin": f"http://{rebound['Host']}"}
    assert status_of(playground, socket, {**_UPGRADE, **rebound, **same}) == 403
    assert status_of(playground, "/", rebound) == 403
    assert playground.refused == ""


def test_markup_that_slipped_through_could_fetch_nothing_and_frame_nothing(desk: BrowserContext) -> None:
    page = desk.new_page()
    page.goto("/")
    page.get_by_role("table", name="Decisions").wait_for()
    for markup, refused in (
        ("<img src='http://203.0.113.7/p.png'>", "img-src"),
        ("<iframe src='/'></iframe>", "frame-ancestors"),
    ):
        with page.expect_console_message(naming(refused)):
            page.evaluate("markup => document.body.insertAdjacentHTML('beforeend', markup)", markup)
    page.close()
