"""Running the page: Streamlit in this process, on this machine's own address, reporting to nobody."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from starlette.middleware import Middleware
from streamlit import App

from shared_router.playground.own_page import OwnPage
from shared_router.playground.settings import PlaygroundSettings, give_settings
from shared_router.playground.uploads import MAX_UPLOAD_MB

_PAGE = Path(__file__).with_name("page.py")


def run_playground(settings: PlaygroundSettings, *, port: int) -> None:
    """Show the page until interrupted.

    It listens on the loopback address alone: it reads files by path and may spend a key's money, so that it
    is nobody else's.

    Args:
        settings: What it begins with.
        port: Where to listen, 1 to 65535.
    """
    give_settings(settings)
    App(_PAGE, middleware=[Middleware(OwnPage)]).run(config=streamlit_options(port))


def streamlit_options(port: int) -> dict[str, Any]:
    """Return Streamlit's options, which come before those of a user's own configuration file."""
    return {
        "browser.gatherUsageStats": False,
        "client.allowedOrigins": [],  # no page around this one may steer it
        "client.showErrorDetails": "none",  # a traceback is for the terminal
        "client.showErrorLinks": False,  # which would ask others about an error
        "client.toolbarMode": "minimal",  # no button that deploys to somebody's cloud
        "global.developmentMode": False,
        "global.disableWidgetStateDuplicationWarning": True,  # fields keep what was typed, see `fields`
        "server.address": "127.0.0.1",
        "server.enableCORS": True,
        "server.enableXsrfProtection": True,
        "server.fileWatcherType": "none",
        "server.headless": True,  # opens no browser and asks for no e-mail address
        "server.maxUploadSize": MAX_UPLOAD_MB,
        "server.port": port,
    }
