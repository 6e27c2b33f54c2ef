"""An OpenAI-compatible server on this machine that counts what it answers, and fails as it is told."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Fault = Callable[[str, int], Any]
"""Takes a prompt and how often it was sent before: a status (or a status with headers), a delay in seconds as
a float, "reset" to close the connection, or None for an answer."""


@dataclass
class FaultyServer:
    """What a test sees of the server.

    Attributes:
        base_url: Its address for a client.
        answered: How often each (model, prompt) was answered in full.
        sent: How often each was sent.
        most_at_once: The largest number of requests in work at a time.
    """

    base_url: str
    answered: Counter[tuple[str, str]] = field(default_factory=Counter)
    sent: Counter[tuple[str, str]] = field(default_factory=Counter)
    most_at_once: int = 0
    _at_once: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def enter(self, key: tuple[str, str]) -> int:
        with self._lock:
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
            before = self.sent[key]
            self.sent[key] += 1
        return before

    def leave(self) -> None:
        with self._lock:
            self._at_once -= 1


class QuietServer(ThreadingHTTPServer):
    """A server that says nothing of clients that were killed."""

    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Leave it: the client is gone."""


@contextmanager
def faulty_server(
    fault: Fault = lambda prompt, before: None,
    *,
    answer: Callable[[str, str], str] = lambda model, prompt: "ok",
    unsupported: Sequence[str] = (),
) -> Iterator[FaultyServer]:
    """Serve answers, ten prompt tokens and five answer tokens each, with faults before them.

    Parameters that are `unsupported` are refused one at a time, in OpenAI's words.
    """

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            """Print nothing."""

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            key = asked["model"], asked["messages"][0]["content"]
            before = state.enter(key)
            try:
                self._answer(key, fault(key[1], before), next(filter(asked.__contains__, unsupported), None))
            finally:
                state.leave()

        def _answer(self, key: tuple[str, str], wrong: Any, refused: str | None) -> None:
            if wrong == "reset":
                self.close_connection = True
                return
            if isinstance(wrong, float):
                time.sleep(wrong)
                wrong = None
            status, headers = wrong if isinstance(wrong, tuple) else (wrong or 200, {})
            body: dict[str, Any] = {"error": {"message": "told to fail"}}
            if refused is not None:
                status = 400
                body["error"] |= {"param": refused, "code": "unsupported_parameter"}
            if status == 200:
                state.answered[key] += 1
                body = _completion(key[0], answer(*key))
            sent = json.dumps(body).encode()
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", **headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

    server = QuietServer(("127.0.0.1", 0), Handler)
    state = FaultyServer(f"http://127.0.0.1:{server.server_address[1]}/v1")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()


def _completion(model: str, text: str) -> dict[str, Any]:
    return {
        "id": "c",
        "object": "chat.completion",
        "created": 0,
        "model": model,
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}],
        "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15},
    }
