"""From prompts to graded outcomes: each request once, within its limits, whatever happens between."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shared_router import DataError, InvalidInputError, TokenPrices
from shared_router.labels.grading import grader
from shared_router.records.collecting.asking import AskingLimits
from shared_router.records.collecting.collect import collect
from shared_router.records.collecting.journal import Reply
from shared_router.records.collecting.openai_model import OpenAIModel
from tests.records.collecting.faulty_server import FaultyServer, faulty_server

QUICK = AskingLimits(concurrency=4, timeout_s=5.0, retries=3)
PROMPTS = [f"question {i}" for i in range(12)]
PRICES = TokenPrices(1.0, 2.0)


def models(server: FaultyServer, **options: Any) -> dict[str, OpenAIModel]:
    return {
        side: OpenAIModel(f"{side}-model", base_url=server.base_url, api_key="k", timeout_s=5.0, **options)
        for side in ("strong", "weak")
    }


def test_answers_are_graded_and_their_tokens_and_dollars_kept(tmp_path: Path) -> None:
    """10 prompt tokens at $1 and 5 answer tokens at $2 a million are $0.00002, 24 such answers $0.00048."""

    def answer(model: str, prompt: str) -> str:
        return "Paris" if model == "strong-model" or prompt == PROMPTS[0] else "Rome"

    with faulty_server(answer=answer) as server:
        collected = collect(
            PROMPTS,
            models(server, prices=PRICES),
            journal=tmp_path / "j",
            grade=grader("exact"),
            references=["Paris."] * 12,
            domains=["geography"] * 12,
            limits=QUICK,
        )
    outcomes = collected.outcomes
    assert outcomes.scores("strong").tolist() == [1.0] * 12
    assert outcomes.scores("weak").tolist() == [1.0] + [0.0] * 11
    assert outcomes.dollars("weak") == pytest.approx([2e-5] * 12)
    assert outcomes.column("output_tokens", "strong").tolist() == [5.0] * 12
    assert collected.dollars == pytest.approx(48e-5)
    assert (collected.failed, collected.lost, collected.complete) == ({}, 0, True)


def test_the_same_call_again_asks_nothing_and_gives_the_same(tmp_path: Path) -> None:
    with faulty_server() as server:
        first = collect(PROMPTS, models(server), journal=tmp_path / "j", limits=QUICK)
        again = collect(PROMPTS, models(server), journal=tmp_path / "j", limits=QUICK)
        assert set(server.sent.values()) == {1}
    assert again.outcomes == first.outcomes


def test_other_settings_are_another_request(tmp_path: Path) -> None:
    with faulty_server() as server:
        for max_tokens in (8, 9):
            collect(["a"], models(server, max_tokens=max_tokens), journal=tmp_path / "j", limits=QUICK)
        assert set(server.sent.values()) == {2}


def test_equal_prompts_are_asked_once(tmp_path: Path) -> None:
    with faulty_server() as server:
        collected = collect(["a", "b", "a"], models(server), journal=tmp_path / "j", limits=QUICK)
        assert set(server.sent.values()) == {1}
    assert list(collected.outcomes.prompts) == ["a", "b"]


def test_failures_that_may_pass_are_tried_again_and_others_are_not(tmp_path: Path) -> None:
    faults: dict[str, Any] = {
        "limited": (429, {"Retry-After": "0.05"}),
        "down": 503,
        "cut": "reset",
        "wrong": 400,
    }

    def fault(prompt: str, before: int) -> Any:
        return faults.get(prompt) if before == 0 or prompt == "wrong" else None

    with faulty_server(fault) as server:
        collected = collect([*faults, "fine"], models(server), journal=tmp_path / "j", limits=QUICK)
        sent = {prompt: server.sent["strong-model", prompt] for prompt in (*faults, "fine")}
    assert sent == {"limited": 2, "down": 2, "cut": 2, "wrong": 1, "fine": 1}
    assert collected.failed == {"BadRequestError": 2}
    assert collected.outcomes.answers("weak") == ["ok", "ok", "ok", None, "ok"]


def test_a_provider_that_says_when_is_asked_no_earlier(tmp_path: Path) -> None:
    times: list[float] = []

    def fault(prompt: str, before: int) -> Any:
        times.append(time.monotonic())
        return (429, {"Retry-After": "1"}) if before == 0 else None

    with faulty_server(fault) as server:
        only = {"strong": models(server)["strong"]}
        collect(["a"], only, journal=tmp_path / "j", limits=QUICK)
    assert times[1] - times[0] >= 1.0


def test_what_failed_is_asked_by_the_next_run(tmp_path: Path) -> None:
    with faulty_server(lambda prompt, before: 400 if before == 0 else None) as server:
        first = collect(["a"], models(server), journal=tmp_path / "j", limits=QUICK)
        again = collect(["a"], models(server), journal=tmp_path / "j", limits=QUICK)
    assert (sum(first.failed.values()), sum(again.failed.values())) == (2, 0)
    assert again.outcomes.answers("strong") == ["ok"]


def test_a_hung_request_fails_after_its_time_and_holds_no_other(tmp_path: Path) -> None:
    limits = AskingLimits(concurrency=2, timeout_s=0.3, retries=0)
    started = time.monotonic()
    with faulty_server(lambda prompt, before: 3.0 if prompt == "hangs" else None) as server:
        collected = collect(["hangs", "a", "b"], models(server), journal=tmp_path / "j", limits=limits)
    assert time.monotonic() - started < 3
    assert sum(collected.failed.values()) == 2
    assert collected.outcomes.answers("strong") == [None, "ok", "ok"]


def test_no_more_than_the_limit_is_spent(tmp_path: Path) -> None:
    """An answer costs $0.00002, and before it is known at most (10 bytes + 64) / 1e6 + 2 * 16 / 1e6 =
    $0.000106: one more is sent while $0.0002 - 0.00002 n >= 0.000106, so for n up to 4, and 5 in all."""
    limits = AskingLimits(concurrency=4, timeout_s=5.0, dollars=2e-4)
    with faulty_server() as server:
        asked = models(server, prices=PRICES, max_tokens=16)
        collected = collect(PROMPTS, asked, journal=tmp_path / "j", limits=limits)
        assert 1 <= server.answered.total() <= 5
        assert collected.dollars <= 2e-4
        assert not collected.complete
        more = collect(PROMPTS, asked, journal=tmp_path / "j", limits=QUICK)
        assert set(server.answered.values()) == {1}
    assert more.complete


def test_no_more_requests_are_in_work_than_said(tmp_path: Path) -> None:
    with faulty_server(lambda prompt, before: 0.02) as server:
        collect(PROMPTS, models(server), journal=tmp_path / "j", limits=AskingLimits(concurrency=3))
        assert server.most_at_once <= 3


async def _answer_later(prompt: str) -> Reply:
    return Reply(prompt.upper(), dollars=0.5)


def test_functions_and_coroutines_of_ones_own_are_asked(tmp_path: Path) -> None:
    collected = collect(["a"], {"strong": _answer_later, "weak": str.title}, journal=tmp_path / "j")
    assert (collected.outcomes.answers("strong"), collected.outcomes.answers("weak")) == (["A"], ["A"])
    assert collected.dollars == 0.5


def test_a_model_that_returns_no_text_fails_for_its_prompt_alone(tmp_path: Path) -> None:
    collected = collect(["a"], {"strong": str.upper, "weak": len}, journal=tmp_path / "j")
    assert collected.failed == {"TypeError": 1}
    assert np.isnan(collected.outcomes.column("latency_ms", "strong")).sum() == 0


COLLECT_FOREVER = """
import sys
from pathlib import Path
from shared_router.records.collecting.asking import AskingLimits
from shared_router.records.collecting.collect import collect
from shared_router.records.collecting.openai_model import OpenAIModel
url, journal = sys.argv[1:3]
models = {s: OpenAIModel(f"{s}-model", base_url=url, api_key="k") for s in ("strong", "weak")}
prompts = [f"question {i}" for i in range(60)]
done = collect(prompts, models, journal=journal, limits=AskingLimits(concurrency=4), ask_lost=False)
print(len(done.outcomes), done.lost, done.complete)
"""


def run_collect(server: FaultyServer, journal: Path) -> "subprocess.Popen[str]":
    root = str(Path(__file__).parents[3])
    return subprocess.Popen(
        [sys.executable, "-c", COLLECT_FOREVER, server.base_url, str(journal)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": root},
    )


def wait_until(reached: Any) -> None:
    until = time.monotonic() + 60
    while not reached():
        assert time.monotonic() < until
        time.sleep(0.01)


def test_after_kills_at_any_point_nothing_is_asked_twice(tmp_path: Path) -> None:
    """Each run is killed while four requests are in work: at most those are lost, and none comes twice."""
    with faulty_server(lambda prompt, before: 0.02) as server:
        for enough in (5, 30, 60):
            with run_collect(server, tmp_path / "j") as process:
                wait_until(lambda enough=enough: server.answered.total() >= enough)
                process.send_signal(signal.SIGKILL)
        with run_collect(server, tmp_path / "j") as process:
            out, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
    n, lost, complete = out.split()
    assert max(server.sent.values()) == 1
    # a run may be killed between its note and its request
    assert 120 - len(server.sent) <= int(lost) <= 12
    assert (n, complete) == ("60", "True")


def test_ctrl_c_keeps_what_was_sent(tmp_path: Path) -> None:
    with faulty_server(lambda prompt, before: 0.5) as server:
        with run_collect(server, tmp_path / "j") as process:
            wait_until(lambda: server.answered.total() >= 5)
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=60)
        events = [json.loads(line) for line in (tmp_path / "j").read_text().splitlines()]
        answered = {event["key"] for event in events if event["event"] == "answered"}
        asked = {event["key"] for event in events if event["event"] == "asking"}
        assert answered == asked
        assert len(answered) == server.answered.total() < 120


def test_a_journal_holds_no_prompt_and_is_its_owners_alone(tmp_path: Path) -> None:
    collect(["a secret question"], {"strong": len}, journal=tmp_path / "j")
    assert "secret" not in (tmp_path / "j").read_text()
    assert (tmp_path / "j").stat().st_mode & 0o777 == 0o600


def test_a_journal_that_is_none_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "j").write_text('{"event": "asking", "key": "k"}\nmy notes\n')
    with pytest.raises(DataError, match="line 2 .* is none"):
        collect(["a"], {"strong": str.upper}, journal=tmp_path / "j")
    assert (tmp_path / "j").read_text().endswith("my notes\n")


def test_a_journal_that_another_process_has_open_is_refused(tmp_path: Path) -> None:
    with faulty_server(lambda prompt, before: 0.2) as server, run_collect(server, tmp_path / "j") as process:
        wait_until(lambda: server.answered.total() >= 1)
        with pytest.raises(DataError, match="another has"):
            collect(["a"], {"strong": str.upper}, journal=tmp_path / "j")
        process.kill()


@pytest.mark.parametrize(
    ("prompts", "options", "message"),
    [
        ("hello", {}, "got one text"),
        ([], {}, "at least one text"),
        (["a", " "], {}, "row 1: a prompt must be text that is not blank"),
        (["a"], {"references": ["x", "y"]}, r"references must be one per prompt \(1\), got 2"),
        (["a"], {"grade": lambda *given: 2}, r"row 0: a grade must be a number in \[0, 1\], got 2"),
        (["a"], {"grade": lambda *given: "secret"}, r"a number in \[0, 1\], got str"),
    ],
)
def test_bad_arguments_are_refused(
    prompts: Any, options: dict[str, Any], message: str, tmp_path: Path
) -> None:
    with pytest.raises(InvalidInputError, match=message):
        collect(prompts, {"strong": str.upper}, journal=tmp_path / "j", **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"concurrency": 0}, "concurrency must be >= 1"),
        ({"timeout_s": 0}, "timeout_s must be > 0"),
        ({"retries": -1}, "retries must be >= 0"),
        ({"dollars": float("nan")}, "dollars must be >= 0 or None"),
    ],
)
def test_limits_outside_their_rule_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        AskingLimits(**options)


def test_a_model_that_refuses_a_parameter_is_asked_without_it(tmp_path: Path) -> None:
    """As OpenAI's reasoning models refuse `max_tokens` and a temperature; each prompt is answered once."""
    one_at_a_time = AskingLimits(concurrency=1, timeout_s=5.0, retries=0)
    with faulty_server(unsupported=["max_tokens", "temperature"]) as server:
        collected = collect(PROMPTS, models(server), journal=tmp_path / "j", limits=one_at_a_time)
        assert sum(server.answered.values()) == 24
        assert sum(server.sent.values()) == 24 + 2 * 2  # each model is refused twice, and remembers
    assert collected.failed == {}


def test_another_refusal_is_an_error_of_the_request(tmp_path: Path) -> None:
    with faulty_server(unsupported=["messages"]) as server:
        collected = collect(PROMPTS[:1], models(server), journal=tmp_path / "j", limits=QUICK)
    assert collected.failed == {"BadRequestError": 2}


def test_the_longest_answer_has_a_token() -> None:
    with pytest.raises(InvalidInputError, match=r"max_tokens must be >= 1, got 0"):
        OpenAIModel("m", api_key="k", max_tokens=0)
