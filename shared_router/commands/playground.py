"""`routellm playground`: a page on this machine that shows where prompts go and what that is worth."""

from __future__ import annotations

import os
import socket
import threading
from contextlib import ExitStack
from typing import TYPE_CHECKING

from shared_router.errors import InvalidInputError, MissingExtraError
from shared_router.registry import DEFAULT_ROUTER

if TYPE_CHECKING:
    import argparse

    from shared_router.demo.server import LocalServer
    from shared_router.playground.settings import ChatModel, PlaygroundSettings

_MAX_PORT = 65535
_MAX_TOKENS = 128
_EXTRAS = ("streamlit", "starlette")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the port, the router, and the two models to chat with, which are the demo's."""
    from shared_router.demo.arguments import add_arguments as add_models

    parser.add_argument("--port", type=int, default=8501, metavar="N", help="(default: 8501)")
    parser.add_argument(
        "--router",
        metavar="NAME",
        help="the router to begin with (default: the shipped); another on the page",
    )
    parser.add_argument(
        "--expected-sha256", metavar="HASH", help="the hash that pins the checkpoint of --router"
    )
    add_models(parser, max_tokens=_MAX_TOKENS)


def run(arguments: argparse.Namespace) -> None:
    """Show the page until interrupted."""
    _check_port(arguments.port)
    try:
        from shared_router.playground.run import run_playground
    except ImportError as error:
        if error.name is None or error.name.split(".")[0] not in _EXTRAS:
            raise
        raise MissingExtraError(
            f"{MissingExtraError.of('streamlit', 'playground')} with Python 3.11 or newer"
        ) from error
    for name in ("NO_PROXY", "no_proxy"):  # a proxy set for the outside must not be asked for this machine
        os.environ[name] = ",".join(filter(None, [os.environ.get(name), "127.0.0.1", "localhost"]))
    with ExitStack() as kept:
        run_playground(_settings(arguments, _LocalModel(kept)), port=arguments.port)


def _check_port(port: int) -> None:
    if not 1 <= port <= _MAX_PORT:
        raise InvalidInputError(f"--port must be in 1 to {_MAX_PORT}, got {port}")
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", port)) == 0:
            raise InvalidInputError(f"--port must be free, and {port} is taken; give another")


class _LocalModel:
    """The small model of this machine, started when it is first asked and stopped with the command."""

    def __init__(self, kept: ExitStack) -> None:
        self._kept = kept
        self._lock = threading.Lock()
        self._server: LocalServer | None = None

    def server(self) -> LocalServer:
        """Return the server that answers."""
        from shared_router.demo.local_model import local_model_folder
        from shared_router.demo.server import serve

        with self._lock:
            if self._server is None:
                self._server = self._kept.enter_context(serve(local_model_folder()))
            return self._server


def _settings(arguments: argparse.Namespace, local: _LocalModel) -> PlaygroundSettings:
    from shared_router.demo.arguments import LOCAL_KEY, check_arguments, named_endpoint, prices_of
    from shared_router.playground.settings import ChatModel, PlaygroundSettings

    check_arguments(arguments)

    def model(tier: str) -> ChatModel:
        named = named_endpoint(arguments, tier)
        if named is not None:
            return ChatModel(named.model, named.base_url, named.api_key)
        server = local.server()
        return ChatModel(server.model, server.base_url, LOCAL_KEY, is_local=True)

    return PlaygroundSettings(
        router=arguments.router or DEFAULT_ROUTER,
        prices={tier: prices_of(arguments, tier) for tier in ("strong", "weak")},
        models=model,
        chat=_chat(arguments),
        max_tokens=arguments.max_tokens,
        expected_sha256=arguments.expected_sha256,
    )


def _chat(arguments: argparse.Namespace) -> str:
    from shared_router.demo.arguments import named_endpoint
    from shared_router.demo.local_model import MODEL_NAME
    from shared_router.demo.run import without_password

    said = []
    for tier in ("strong", "weak"):
        named = named_endpoint(arguments, tier)
        where = (
            f"{MODEL_NAME} on this machine"
            if named is None
            else f"{named.model} at {without_password(named.base_url)}"
        )
        said.append(f"{tier}: {where}")
    local = any(named_endpoint(arguments, tier) is None for tier in ("strong", "weak"))
    return "; ".join(said) + (", which takes a while to load" if local else "")
