from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from shared_router import MissingExtraError, RoutingPolicy, TokenPrices, router_class
from shared_router.commands.main import main
from shared_router.demo.arguments import OPENAI_URL, Endpoint, add_arguments, named_endpoint
from shared_router.demo.chain import langchain_answers
from shared_router.demo.query_engine import llamaindex_answers
from shared_router.demo.questions import QUESTIONS
from shared_router.testing import FixedRouter

if TYPE_CHECKING:
    from shared_router.demo.server import LocalServer

PRICES = TokenPrices(1.0, 1.0)
PROGRAMS = pytest.mark.parametrize("program", [langchain_answers, llamaindex_answers])


@pytest.fixture
def router_folder(tmp_path: Path) -> str:
    router_class("random")().save(tmp_path / "router")
    return str(tmp_path / "router")


@pytest.mark.local_llm
@pytest.mark.timeout(600)
@pytest.mark.usefixtures("local_llm")
def test_the_demo_shows_every_question_through_both_adapters(router_folder: str) -> None:
    """Ten lines a program, each with the router's own value, the model that threshold 0.5 gives it, counted
    tokens and a saving: 1 - 0.15 / 2.5 = 94.0% for a weak answer at the default prices, whose input and
    output ratios are equal, and 0.0% for a strong one."""
    done = subprocess.run(
        [sys.executable, "-m", "shared_router", "demo", "--router", router_folder, "--max-tokens", "6"],
        capture_output=True,
        timeout=550,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    shown = done.stdout.decode()
    rows = re.findall(r"^(\S.{31}) +(\d\.\d{3})  (\w+) .* \d+\+\d+ +\d\.\d{7} +([\d.]+%)$", shown, re.M)
    expected = [
        (f"{value:.3f}", "strong" if value >= 0.5 else "weak", "0.0%" if value >= 0.5 else "94.0%")
        for value in router_class("random")().win_probability(QUESTIONS)
    ]
    assert [row[1:] for row in rows] == expected * 2
    assert [row[0][:18] for row in rows] == [question[:18] for question in QUESTIONS] * 2
    assert "Both tiers are the same small model here" in shown
    assert "--base-url" in shown


@PROGRAMS
@pytest.mark.local_llm
@pytest.mark.parametrize("is_local", [True, False])
def test_a_program_answers_with_the_decision_and_the_servers_token_counts(
    program: Any, is_local: bool, local_llm: LocalServer
) -> None:
    endpoint = Endpoint(local_llm.model, local_llm.base_url, "any", PRICES, is_local)
    policy = RoutingPolicy(FixedRouter({QUESTIONS[0]: 0.25}, otherwise=0.75))
    easy, hard = program((QUESTIONS[0], QUESTIONS[3]), endpoint, endpoint, policy, max_tokens=4)
    assert (easy.question, easy.model, easy.win_probability) == (QUESTIONS[0], "weak", 0.25)
    assert (hard.question, hard.model, hard.win_probability) == (QUESTIONS[3], "strong", 0.75)
    assert easy.text.strip()
    assert easy.input_tokens > 50  # the question comes with a document
    assert 1 <= easy.output_tokens <= 4


@pytest.mark.local_llm
def test_counting_tokens_leaves_no_event_handler_behind(local_llm: LocalServer) -> None:
    from llama_index_instrumentation import get_dispatcher

    before = list(get_dispatcher().event_handlers)
    endpoint = Endpoint(local_llm.model, local_llm.base_url, "any", PRICES, is_local=True)
    list(llamaindex_answers(["Hi"], endpoint, endpoint, RoutingPolicy(FixedRouter(0.5)), max_tokens=1))
    assert get_dispatcher().event_handlers == before


@PROGRAMS
@pytest.mark.parametrize("package", ["adapter", "client"])
def test_a_program_without_its_framework_is_told_with_the_pip_line(
    program: Any, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = {
        (langchain_answers, "adapter"): "langchain_core.prompts",
        (langchain_answers, "client"): "langchain_openai",
        (llamaindex_answers, "adapter"): "llama_index.core",
        (llamaindex_answers, "client"): "llama_index.llms.openai_like",
    }
    monkeypatch.setitem(sys.modules, names[program, package], None)
    endpoint = Endpoint("m", "http://127.0.0.1:9/v1", "any", PRICES)
    with pytest.raises(MissingExtraError, match=r"pip install \"routellm-adapters\[demo\]\""):
        list(program(["Hi"], endpoint, endpoint, RoutingPolicy(FixedRouter(0.5)), max_tokens=1))


def test_a_server_that_refuses_is_one_line_that_says_what_to_check(
    router_folder: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing listens on port 9 of this machine."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    url = "http://user:password@127.0.0.1:9/v1"
    assert main(["demo", "--strong", "a", "--weak", "b", "--base-url", url, "--router", router_folder]) == 2
    printed = capsys.readouterr()
    assert "ConnectionError; check --base-url" in printed.err
    assert printed.err.count("\n") == 1
    assert "secret" not in printed.err + printed.out
    assert "password" not in printed.err + printed.out


def test_endpoints_come_from_the_options_and_the_key_from_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    arguments = parser.parse_args(["--strong", "large", "--strong-price", "3,4"])
    endpoint = named_endpoint(arguments, "strong")
    assert endpoint == Endpoint("large", OPENAI_URL, "sk-secret", TokenPrices(3.0, 4.0))
    assert "secret" not in repr(endpoint)
    assert named_endpoint(arguments, "weak") is None
    monkeypatch.setenv("OPENAI_BASE_URL", "http://elsewhere/v1")
    elsewhere = named_endpoint(arguments, "strong")
    assert elsewhere is not None
    assert elsewhere.base_url == "http://elsewhere/v1"
