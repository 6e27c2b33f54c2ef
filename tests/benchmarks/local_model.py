"""What the demo's local model costs: unpacking, starting, tokens per second, memory.

Run: python -m tests.benchmarks.local_model
"""

import json
import resource
import sys
import tempfile
import time
import urllib.request
from typing import Any

from shared_router.demo.local_model import local_model_folder
from shared_router.demo.server import LocalServer, serve
from tests.benchmarks.measure import print_table, report

ROUNDS = 3
LONG_PROMPT = "Which of these words is not like the others? " * 60
ANSWER_TOKENS = 64


def ask(server: LocalServer, prompt: str, max_tokens: int) -> tuple[float, dict[str, int]]:
    """Return the seconds of one call, the fastest of `ROUNDS`, and its token counts."""
    body = {
        "model": server.model,
        "messages": [{"role": "user", "content": prompt}],
        "max_tokens": max_tokens,
        "temperature": 0,
    }
    request = urllib.request.Request(
        f"{server.base_url}/chat/completions",
        json.dumps(body).encode(),
        {"Content-Type": "application/json"},
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    fastest, usage = float("inf"), {}
    for _ in range(ROUNDS):
        start = time.perf_counter()
        with opener.open(request) as response:
            usage = json.load(response)["usage"]
        fastest = min(fastest, time.perf_counter() - start)
    return fastest, usage


def measure_server() -> dict[str, float]:
    """Start a server and time a short, a long and a wordy call."""
    with serve(local_model_folder(), progress=False) as server:
        one_token, _ = ask(server, "Tell me a long story.", 1)
        story, story_usage = ask(server, "Tell me a long story.", ANSWER_TOKENS)
        reading, reading_usage = ask(server, LONG_PROMPT, 1)
        return {
            "start_s": server.start_seconds,
            "first_token_s": one_token,
            "written_tokens_per_s": (story_usage["completion_tokens"] - 1) / (story - one_token),
            "read_tokens_per_s": reading_usage["prompt_tokens"] / reading,
        }


def measure_unpacking() -> float:
    """Return the seconds that the first call of all takes."""
    with tempfile.TemporaryDirectory() as cache:
        start = time.perf_counter()
        local_model_folder(cache=cache, progress=False)
        return time.perf_counter() - start


def main() -> None:
    """Measure and print."""
    figures: dict[str, Any] = measure_server()
    # kilobytes on Linux, bytes on macOS
    unit = 1 if sys.platform == "darwin" else 1024
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * unit
    figures = {"unpack_s": measure_unpacking(), **figures, "server_peak_mb": peak / 1e6}
    print_table([{"figure": name, "value": value} for name, value in figures.items()])
    report("local_model", figures)


if __name__ == "__main__":
    main()
