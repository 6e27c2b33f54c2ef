"""The server's process: where it listens, how many connections it may hold, and how it ends."""

from __future__ import annotations

import errno
import ipaddress
import signal
import socket
import sys
from contextlib import suppress
from types import FrameType

import uvicorn

from shared_router.errors import InvalidInputError
from shared_router.serving.app import create_app
from shared_router.serving.bounded_connections import BoundedProtocol
from shared_router.serving.served import Served

KEPT_S = 30
"""How long a connection is kept open between two requests."""

DRAINED_WITHIN_S = 30
"""How long answers that are on their way may take when the server is told to end."""

_CONNECTIONS = 65_536


def listening_socket(host: str, port: int) -> socket.socket:
    """Return a socket that listens.

    Args:
        host: An address of this machine, or a name of one.
        port: A port, 0 to 65535; 0 takes any that is free.

    Raises:
        InvalidInputError: If the port is none or is taken, or the address is none of this machine's.
    """
    if not 0 <= port <= 65535:
        raise InvalidInputError(f"--port must be in 0 to 65535, got {port}")
    name = host.strip("[]")
    family = socket.AF_INET6 if ":" in name else socket.AF_INET
    both = name == "::" and socket.has_dualstack_ipv6()
    try:
        return socket.create_server((name, port), family=family, backlog=2048, dualstack_ipv6=both)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise InvalidInputError(f"--port must be free, and {port} is taken; give another") from error
        if error.errno == errno.EACCES:
            raise InvalidInputError(
                f"--port must be one that this user may open, and {port} is not"
            ) from error
        raise InvalidInputError(f"--host must be an address of this machine, got {host!r}") from error


def is_local(listening: socket.socket) -> bool:
    """Tell whether nobody but this machine's own programs can reach a socket."""
    return ipaddress.ip_address(listening.getsockname()[0]).is_loopback


def base_url(listening: socket.socket) -> str:
    """Return the base URL that a client takes."""
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}/v1" if ":" in host else f"http://{host}:{port}/v1"


def run_server(served: Served, listening: socket.socket) -> None:
    """Serve until SIGINT or SIGTERM, then finish what is on its way."""
    _allow_connections()
    # uvicorn raises the signal again when it has ended: budgets and logs are closed as at any other end
    signal.signal(signal.SIGTERM, _end)
    uvicorn.Server(server_config(served)).run(sockets=[listening])


def server_config(served: Served) -> uvicorn.Config:
    """Return how uvicorn is to serve."""
    return uvicorn.Config(
        create_app(served),
        http=BoundedProtocol,
        ws="none",
        access_log=False,  # it would hold paths, and clients put keys there
        log_level="error",  # a warning is what any client can cause
        timeout_keep_alive=KEPT_S,
        timeout_graceful_shutdown=DRAINED_WITHIN_S,
    )


def _end(number: int, frame: FrameType | None) -> None:
    del number, frame
    sys.exit(0)


def _allow_connections() -> None:
    """Let this process hold as many connections as the system lets it: by default many let it hold 1,024."""
    try:
        import resource
    except ImportError:  # Windows, which has no such limit
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = _CONNECTIONS if hard == resource.RLIM_INFINITY else min(hard, _CONNECTIONS)
    if soft != resource.RLIM_INFINITY and soft < most:
        with suppress(OSError, ValueError):  # some systems allow less than they say
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
