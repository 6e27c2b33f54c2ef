"""How long a reader of a cascade's stream waits for its first words, over a real server.

A weak answer is judged before any of it is read, so that the first words come when the whole of it has; a
strong answer after a rejected one streams as it is written. The models are `local_cascades`'.

Run: python -m tests.benchmarks.local_cascade_streams
"""

import time
from collections.abc import Iterator
from typing import Any

from langchain_routellm import CascadedChatModel
from shared_router.testing import FixedRouter
from tests.benchmarks.local_cascades import STRONG_TOKENS, WEAK_TOKENS, chat_openai, local_server
from tests.benchmarks.measure import report_rows

QUESTION = "Name the seven days of the week, separated by commas."
ROUNDS = 4


def first_and_last_s(stream: Iterator[Any]) -> tuple[float, float]:
    """Return the seconds to a stream's first words and to its end."""
    start = time.perf_counter()
    first = None
    for chunk in stream:
        if first is None and chunk.text:
            first = time.perf_counter() - start
    last = time.perf_counter() - start
    return last if first is None else first, last


def main() -> None:
    """Stream in each way, and print the fastest of `ROUNDS`, apart for both times."""
    with local_server() as (server, client):
        weak, strong = (chat_openai(server, client, n) for n in (WEAK_TOKENS, STRONG_TOKENS))

        def cascade(score: float, **how: Any) -> CascadedChatModel:
            return CascadedChatModel(strong=strong, weak=weak, scorer=lambda q, a: score, **how)

        router = FixedRouter(0.0)
        ways = {
            "the weak model alone": weak,
            "cascade, weak answer accepted": cascade(1.0),
            "the strong model alone": strong,
            "cascade, weak answer rejected": cascade(0.0),
            'cascade, on_stream="route", routed weak': cascade(0.0, on_stream="route", router=router),
        }
        rows = []
        for name, model in ways.items():
            timed = [first_and_last_s(model.stream(QUESTION)) for _ in range(ROUNDS)]
            first, last = (min(each) for each in zip(*timed, strict=True))
            rows.append({"stream": name, "first words (s)": first, "end (s)": last})
    report_rows("local_cascade_streams", rows)


if __name__ == "__main__":
    main()
