"""A provider that fails as told: a real HTTP server that speaks as much of OpenAI's API as clients ask.

In a test it runs in a thread, and its script is changed while it runs:

    with FaultServer() as server:
        server.plan.script("strong", [Fault("500")])
        llm = OpenAILike(model="strong", api_base=server.url, api_key="none")

Beside a program it runs in a process of its own, which prints its URL, is told by `POST /plan` what goes
wrong, and asked by `GET /asked` what arrived:

    python -m tests.fault_server
"""

from __future__ import annotations

import asyncio
import json
import sys
import threading
from asyncio import StreamReader, StreamWriter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

from typing_extensions import Self

from tests.faults import Fault, FaultPlan, RandomFaults
from tests.http_connection import Connection
from tests.provider_answers import (
    NO_JSON,
    answer_parts,
    error_body,
    kept_back,
    request_id,
    usage_of,
    whole_answer,
    without_answer,
)


@dataclass(frozen=True, slots=True)
class Asked:
    """One request that arrived.

    Attributes:
        request: What it is known by.
        model: Who was asked.
        fault: What went wrong with it.
        streams: Whether it asked for a stream.
        billed_tokens: What a provider bills for it: all tokens where the model began, none before.
    """

    request: str
    model: str
    fault: Fault
    streams: bool
    billed_tokens: int


class FaultServer:
    """Answer chat and text completions, and fail as the plan says.

    Attributes:
        plan: What goes wrong.
        asked: What arrived, in order.
        hung_up: How many clients left while they were made to wait.
    """

    def __init__(self) -> None:
        self.plan = FaultPlan()
        self.asked: list[Asked] = []
        self.hung_up = 0
        self._port = 0
        self._ready = threading.Event()
        self._connections: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """Where clients find it."""
        return f"http://127.0.0.1:{self._port}/v1"

    @property
    def models_asked(self) -> list[str]:
        """Who was asked, in order."""
        return [each.model for each in self.asked]

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, *error: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    async def _run(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        server = await self.listen()
        self._ready.set()
        await self._stop.wait()
        server.close()
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        await asyncio.sleep(0)  # transports close a turn later

    async def listen(self, port: int = 0) -> asyncio.Server:
        """Begin to listen, on one port or on any that is free."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", port, backlog=1024)
        self._port = server.sockets[0].getsockname()[1]
        return server

    async def _serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        connection = Connection(reader, writer)
        if (task := asyncio.current_task()) is not None:
            self._connections.add(task)
            task.add_done_callback(self._connections.discard)
        # a client that leaves, whenever it does, ends its own connection and nothing else
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            goes_on = True
            while goes_on:
                method, path, body = await connection.request()
                if path in ("/v1/chat/completions", "/v1/completions"):
                    goes_on = await self._complete(json.loads(body), connection)
                else:
                    await connection.send(*self._control(method, path, body))
        writer.close()

    def _control(self, method: str, path: str, body: bytes) -> tuple[int, Any]:
        if (method, path) == ("POST", "/plan"):
            told = json.loads(body)
            faults = [Fault(**each) for each in told.pop("faults")]
            self.plan = FaultPlan(chance=RandomFaults(faults=faults, **told))
            self.asked, self.hung_up = [], 0
            return 200, {}
        if path == "/asked":
            return 200, {"asked": [asdict(each) for each in self.asked], "hung_up": self.hung_up}
        return 404, error_body("404")

    async def _complete(self, payload: dict[str, Any], connection: Connection) -> bool:
        """Answer one request; return whether its connection can have another."""
        request, model, streams = request_id(payload), payload["model"], bool(payload.get("stream"))
        fault = self.plan.next(request, model)
        begins = not (fault.kind.isdigit() or fault.kind in ("content_filter", "reset"))
        tokens = usage_of(payload)["total_tokens"] if begins or fault.at is not None else 0
        self.asked.append(Asked(request, model, fault, streams, tokens))
        if fault.kind.isdigit() or fault.kind == "content_filter":
            retry = {} if fault.seconds is None else {"Retry-After": f"{fault.seconds:g}"}
            status = int(fault.kind) if fault.kind.isdigit() else 400
            await connection.send(status, error_body(fault.kind), retry)
            return True
        if fault.at is None and fault.kind == "reset":
            await connection.reset()
            return False
        if fault.at is None and await self._is_left(connection, fault):
            return False
        if fault.kind in ("empty_body", "html"):
            await connection.send_bytes(200, *NO_JSON[fault.kind])
            return True
        return await (self._stream if streams else self._whole)(payload, fault, connection)

    async def _is_left(self, connection: Connection, fault: Fault) -> bool:
        """Keep a client waiting; return whether it left."""
        if fault.kind not in ("slow", "stall"):
            return False
        left = await connection.client_left(fault.seconds if fault.kind == "slow" else None)
        self.hung_up += left
        return left

    async def _whole(self, payload: dict[str, Any], fault: Fault, connection: Connection) -> bool:
        body = error_body("503") if fault.kind == "error_event" else whole_answer(payload)
        body = kept_back(body) if fault.kind == "withheld" else without_answer(body, fault.kind)
        text = json.dumps(body).encode()
        if fault.kind in ("bad_json", "eof"):
            text = text[: len(text) // 2]
        broken = fault.kind in ("cut", "reset")
        await connection.send_bytes(200, text, share=0.5 if broken else 1.0)
        if broken:
            await (connection.cut if fault.kind == "cut" else connection.reset)()
        return not broken

    async def _stream(self, payload: dict[str, Any], fault: Fault, connection: Connection) -> bool:
        connection.begin_events()
        for n, data in enumerate(_events(payload, fault)):
            if n == (fault.at or 0):
                if fault.kind in ("cut", "reset"):
                    await (connection.cut if fault.kind == "cut" else connection.reset)()
                    return False
                if fault.kind == "eof":
                    await connection.end_events()
                    return True
                if fault.at is not None and await self._is_left(connection, fault):
                    return False
            await connection.send_event(data)
        await connection.end_events()
        return True


def _events(payload: dict[str, Any], fault: Fault) -> Iterator[str]:
    """Yield a stream's events, with what is wrong with their contents."""
    for n, part in enumerate(answer_parts(payload)):
        if n == (fault.at or 0) and fault.kind == "error_event":
            yield json.dumps(error_body("503"))
            return
        if n == (fault.at or 0) and fault.kind == "bad_json":
            yield "{not json"
        part = without_answer(part, fault.kind)
        if fault.kind == "withheld" and n == (fault.at or 0):
            yield json.dumps(kept_back(part))
            break
        yield json.dumps(part)
    yield "[DONE]"


async def _main() -> None:
    faulty = FaultServer()
    server = await faulty.listen()
    sys.stdout.write(f"{faulty.url}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(_main())
