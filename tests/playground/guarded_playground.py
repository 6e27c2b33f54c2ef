"""`routellm playground` in a process that may reach nothing but this machine, and tells what it tried.

    python -m tests.playground.guarded_playground FILE --port N ...

Python's own audit events see every connection and every name that is looked up, whichever library asks; the
first that is not this machine's is refused, and written to FILE.
"""

import sys
from pathlib import Path

from shared_router.commands.main import main

_HERE = {"127.0.0.1", "::1", "localhost", "0.0.0.0", "::", "", None}
_WITH_ADDRESS = ("socket.connect", "socket.sendto", "socket.sendmsg")


def guard(file: Path) -> None:
    """Refuse, and write down, whatever leaves this machine."""

    def refuse(event: str, arguments: tuple[object, ...]) -> None:
        if event in _WITH_ADDRESS and isinstance(arguments[1], tuple):
            host = arguments[1][0]
        elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
            host = arguments[0]
        else:
            return
        host = host.decode() if isinstance(host, bytes) else host
        if host not in _HERE:
            with file.open("a") as written:
                written.write(f"{event} {host}\n")
            raise PermissionError(f"{event} must stay on this machine")

    sys.addaudithook(refuse)


if __name__ == "__main__":
    guard(Path(sys.argv[1]))
    sys.exit(main(["playground", *sys.argv[2:]]))
