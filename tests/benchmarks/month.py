"""A month through a LangChain chain over a real server: what its log proves, beside the truth.

Both models are the demo's SmolLM2-135M: the weak one may write 6 tokens and the strong one 16, at the prices
of a small and a large hosted model, so that the answers are poor and the calls, tokens and dollars real. The
clock is not: the log's times are stretched to thirty days. Afterwards both models are asked every question of
the month, which is the truth that the log's shadows had to tell.

Run: python -m tests.benchmarks.month
"""

import argparse
import json
import tempfile
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate

from langchain_routellm import RoutedChatModel
from shared_router import DecisionLog, RoutingPolicy, Shadow, read_log
from shared_router.demo.server import LocalServer
from shared_router.proof.logged_calls import logged_calls
from shared_router.proof.report import SavingsReport, savings_report
from tests.benchmarks.local_cascades import PRICES, chat_openai, local_server
from tests.benchmarks.measure import report_rows

WEAK_TOKENS, STRONG_TOKENS = 6, 16
BEGAN = datetime(2026, 11, 1, tzinfo=timezone.utc)
CAPITALS = {
    **{"France": "Paris", "Italy": "Rome", "Spain": "Madrid", "Germany": "Berlin", "Japan": "Tokyo"},
    **{"Egypt": "Cairo", "Greece": "Athens", "Austria": "Vienna", "Portugal": "Lisbon", "China": "Beijing"},
}
RIGHT_WORDS = {
    **{f"What is the capital of {country}?": city for country, city in CAPITALS.items()},
    **{f"Name the capital of {country} in one word.": city for country, city in CAPITALS.items()},
    "Which planet is known as the Red Planet?": "Mars",
    "Which is the largest planet of the solar system?": "Jupiter",
    "Who wrote Romeo and Juliet?": "Shakespeare",
    "What do bees make?": "honey",
    "Why is the sky blue? Answer in one sentence.": "scatter",
    "What is water made of? Answer in one sentence.": "hydrogen",
    "How many legs does a spider have?": "eight",
    "What is the opposite of hot?": "cold",
}
PROMPT = ChatPromptTemplate([("system", "Answer briefly."), ("human", "{question}")])


def says_the_right_word(question: str, answer: str) -> float:
    """Return 1 where an answer says what it should, else 0."""
    return float(RIGHT_WORDS[question].lower() in answer.lower())


def live(server: LocalServer, client: httpx.Client, questions: list[str], path: Path, share: float) -> None:
    """Ask the month's questions through a chain, with a shadow sample, and stretch its log to thirty days."""
    log, shadow = DecisionLog(path, log_prompts=True), Shadow(share=share, grade=says_the_right_word, seed=0)
    model = RoutedChatModel(
        strong=chat_openai(server, client, STRONG_TOKENS),
        weak=chat_openai(server, client, WEAK_TOKENS),
        policy=RoutingPolicy(threshold=float(np.median(RoutingPolicy().router.win_probability(questions)))),
        prices=PRICES,
        query_keys=["question"],
        observers=[log],
        shadow=shadow,
    )
    chain = PROMPT | model | StrOutputParser()
    for question in questions:
        chain.invoke({"question": question})
    if not (shadow.drain(600) and log.flush()):
        raise SystemExit("the log must hold every call, and some are not written")
    _stretch(path)


def _stretch(path: Path) -> None:
    lines = [json.loads(line) for line in path.read_text("ascii").splitlines()]
    calls = [line for line in lines if "id" in line]
    for place, line in enumerate(calls):
        line["time"] = (BEGAN + timedelta(days=30 * place / len(calls))).isoformat()
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines), "ascii")


def truth(server: LocalServer, client: httpx.Client, path: Path) -> tuple[float, float]:
    """Return what the month truly saved and by how much quality changed: both models are asked everything."""
    rows = read_log(path).rows
    asked: dict[tuple[str, str], tuple[float, float]] = {}
    for name, tokens in (("strong", STRONG_TOKENS), ("weak", WEAK_TOKENS)):
        chain = PROMPT | chat_openai(server, client, tokens)
        for question in {
            row.prompt for row in rows if row.prompt and (name == "strong" or row.model == "weak")
        }:
            answer = chain.invoke({"question": question})
            usage: Any = answer.usage_metadata
            spent = PRICES[name].dollars(
                input_tokens=usage["input_tokens"], output_tokens=usage["output_tokens"]
            )
            asked[name, question] = spent, says_the_right_word(question, answer.text)
    weak = [row for row in rows if row.model == "weak"]
    saved = sum(asked["strong", str(row.prompt)][0] - (row.dollars or 0.0) for row in weak)
    changed = sum(asked["weak", str(row.prompt)][1] - asked["strong", str(row.prompt)][1] for row in weak)
    return saved, changed / len(rows)


def main() -> None:
    """Live a month, read what its log proves, and hold it against the truth."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--calls", type=int, default=150)
    parser.add_argument("--share", type=float, default=0.3)
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    rng = np.random.default_rng(0)
    questions = [list(RIGHT_WORDS)[i] for i in rng.integers(0, len(RIGHT_WORDS), arguments.calls)]
    with tempfile.TemporaryDirectory() as folder, local_server() as (server, client):
        path = Path(folder) / "month.jsonl"
        live(server, client, questions, path, arguments.share)
        report = savings_report(logged_calls(read_log(path).rows).calls)
        print("\n".join(report.words()))
        report_rows("month", table(report, *truth(server, client, path)))


def table(report: SavingsReport, saved: float, changed: float) -> list[dict[str, Any]]:
    """Return what the log proves and what is true, side by side."""
    found = report.total
    low, high = found.quality_interval or (float("nan"), float("nan"))
    dollars = [f"{1000 * each:.3f}" for each in (found.saved_dollars, *found.saved_interval, saved)]
    quality = [f"{each:+.3f}" for each in (found.quality_change or 0.0, low, high, changed)]
    counts = f"{found.n_calls} calls, {found.n_weak} weak, {found.n_shadows} of them with a shadow"
    return [
        {"figure": counts, **dict(zip(_COLUMNS, each, strict=True))}
        for counts, each in (
            (f"saved, thousandths of a dollar ({counts})", dollars),
            (f"change of quality ({found.n_graded} graded pairs)", quality),
        )
    ]


_COLUMNS = ("the log's estimate", "95 % from", "to", "the truth")


if __name__ == "__main__":
    main()
