"""What `routellm serve` adds to a request over its upstream, beside LiteLLM's proxy in the same run.

The upstream is a server that answers at once, so that what is measured is what stands in between. Requests
are real prompts, seen for the first time, through one HTTP client with 1, 32 and 200 of them on their way;
the upstream alone, ours and LiteLLM's take turns. LiteLLM's proxy has two models and its own router between
them, one process, no database and no logging; it is pinned, in an environment of its own.

Run: python -m tests.benchmarks.server_overhead [--litellm FOLDER/bin/python] [--requests N] [--write]
"""

import argparse
import asyncio
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import aiohttp
import httpx
import numpy as np

from tests.benchmarks.measure import report, report_rows
from tests.benchmarks.real_prompts import real_prompts

ROOT = Path(__file__).parents[2]
LITELLM = "litellm[proxy]==1.105.0"
AT_ONCE = (1, 32, 200)
ROUNDS = 4
_ANSWER = json.dumps(
    {
        "id": "x",
        "object": "chat.completion",
        "created": 0,
        "model": "m",
        "choices": [
            {"index": 0, "message": {"role": "assistant", "content": "Yes."}, "finish_reason": "stop"}
        ],
        "usage": {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11},
    }
).encode()
UPSTREAM = f"""
import asyncio
ANSWER = {_ANSWER!r}
HEAD = b"HTTP/1.1 200 OK\\r\\ncontent-type: application/json\\r\\ncontent-length: "
HEAD += b"%d\\r\\n\\r\\n" % len(ANSWER)
async def serve(reader, writer):
    try:
        while True:
            head = (await reader.readuntil(b"\\r\\n\\r\\n")).lower()
            await reader.readexactly(int(head.split(b"content-length:")[1].split(b"\\r\\n")[0]))
            writer.write(HEAD + ANSWER)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()
async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()
asyncio.run(main())
"""
LITELLM_CONFIG = """
model_list:
  - {{model_name: routed, litellm_params: {{model: openai/strong, api_base: "{url}", api_key: x}}}}
  - {{model_name: routed, litellm_params: {{model: openai/weak, api_base: "{url}", api_key: x}}}}
router_settings: {{num_retries: 0}}
litellm_settings: {{telemetry: false}}
"""


@contextmanager
def process(command: list[str], **environment: str) -> Iterator[subprocess.Popen[str]]:
    """Run a program beside this one."""
    started = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
    )
    try:
        yield started
    finally:
        started.kill()
        started.communicate()


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def wait_for(url: str, seconds: float = 120.0) -> None:
    """Wait until a server answers."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            if httpx.get(url, timeout=2).status_code < 500:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.3)
    raise SystemExit(f"{url} does not answer")


async def measure(url: str, model: str, prompts: Iterator[str], n: int, at_once: int) -> list[float]:
    """Return the milliseconds of n requests."""
    spent: list[float] = []
    # aiohttp, since httpx itself takes the longer the more connections it has
    connections = aiohttp.TCPConnector(limit=at_once)
    async with aiohttp.ClientSession(connector=connections, headers={"authorization": "Bearer x"}) as client:
        left = count()

        async def ask_in_turn() -> None:
            while next(left) < n:
                body = {"model": model, "messages": [{"role": "user", "content": next(prompts)}]}
                started = time.perf_counter()
                async with client.post(f"{url}/chat/completions", json=body) as answer:
                    await answer.read()
                spent.append(1e3 * (time.perf_counter() - started))
                assert answer.status == 200, "every request must be answered"

        await asyncio.gather(*(ask_in_turn() for _ in range(at_once)))
    return spent[at_once:]  # without those that opened the connections


def numbered_prompts() -> Iterator[str]:
    """Yield real prompts, no two alike."""
    prompts = [prompt for kind in real_prompts(1000).values() for prompt in kind]
    for number in count():
        yield f"{prompts[number % len(prompts)]} ({number})"


def main() -> None:
    """Measure, and print ratios of what is added."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--litellm", metavar="PYTHON", help=f"an interpreter that has {LITELLM}")
    parser.add_argument("--requests", type=int, default=400, help="a round, for each server")
    parser.add_argument("--write", action="store_true", help="keep the figures for the docs")
    arguments = parser.parse_args()
    with ExitStack() as stack:
        upstream = stack.enter_context(process([sys.executable, "-c", UPSTREAM]))
        assert upstream.stdout is not None
        bare = f"http://127.0.0.1:{int(upstream.stdout.readline())}/v1"
        port = free_port()
        command = [sys.executable, "-m", "shared_router", "serve", "--port", str(port), "--strong", bare]
        command += ["--weak", bare, "--strong-model", "strong", "--weak-model", "weak"]
        stack.enter_context(process(command))
        wait_for(f"http://127.0.0.1:{port}/healthz")
        servers = {"upstream": (bare, "strong"), "routellm": (f"http://127.0.0.1:{port}/v1", "auto")}
        if arguments.litellm is not None:
            servers["litellm"] = (_litellm(stack, arguments.litellm, bare), "routed")
        rows, figures = _measured(servers, arguments.requests)
    report_rows("server_overhead_table", rows)
    report("server_overhead", figures)


def _measured(servers: dict[str, tuple[str, str]], n: int) -> tuple[list[dict[str, Any]], dict[str, float]]:
    rows: list[dict[str, Any]] = []
    figures: dict[str, float] = {}
    prompts = numbered_prompts()
    for at_once in AT_ONCE:
        spent: dict[str, list[float]] = {name: [] for name in servers}
        for turn in range(ROUNDS + 1):
            for name, (url, model) in servers.items():
                found = asyncio.run(measure(url, model, prompts, n + at_once, at_once))
                if turn:  # the first one warms them up
                    spent[name] += found
        floor = np.percentile(spent["upstream"], [50, 99])
        added = {name: np.percentile(times, [50, 99]) - floor for name, times in spent.items()}
        for name, times in spent.items():
            rows.append(
                {
                    "at once": at_once,
                    "server": name,
                    "p50 ms": float(np.percentile(times, 50)),
                    "p99 ms": float(np.percentile(times, 99)),
                    "added p50 ms": float(added[name][0]),
                    "added p99 ms": float(added[name][1]),
                    "requests/s": 1e3 * at_once / statistics.fmean(times),
                }
            )
        figures[f"added_p50_ms_{at_once}"] = float(added["routellm"][0])
        figures[f"added_p99_ms_{at_once}"] = float(added["routellm"][1])
        if "litellm" in added:
            figures[f"p50_ratio_{at_once}"] = float(added["routellm"][0] / added["litellm"][0])
            figures[f"p99_ratio_{at_once}"] = float(added["routellm"][1] / added["litellm"][1])
    return rows, figures


def _litellm(stack: ExitStack, python: str, bare: str) -> str:
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    (folder / "config.yaml").write_text(LITELLM_CONFIG.format(url=bare))
    port = free_port()
    program = [str(Path(python).with_name("litellm")), "--config", str(folder / "config.yaml")]
    program += ["--port", str(port), "--host", "127.0.0.1", "--num_workers", "1"]
    quiet = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_LOG": "ERROR"}
    open_to_all = {"LITELLM_DANGEROUSLY_PERMIT_WEAK_OR_UNSET_MASTER_KEY": "true"}  # as ours is without --keys
    stack.enter_context(process(program, **quiet, **open_to_all))
    wait_for(f"http://127.0.0.1:{port}/health/liveliness")
    return f"http://127.0.0.1:{port}/v1"


if __name__ == "__main__":
    main()
