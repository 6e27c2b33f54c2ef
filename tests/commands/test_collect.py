"""`routellm collect`: from a file of prompts to a file of graded outcomes."""

import json
from pathlib import Path
from typing import Any

import pytest

from shared_router.commands.main import main
from shared_router.demo.server import LocalServer
from tests.records.collecting.faulty_server import FaultyServer, faulty_server


@pytest.fixture
def prompts(tmp_path: Path) -> Path:
    rows = [{"prompt": f"What is {i} + {i}?", "reference": 2 * i} for i in range(8)]
    path = tmp_path / "prompts.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def collect(prompts: Path, server: FaultyServer, *options: str) -> int:
    out = prompts.with_name("graded.jsonl")
    return main(
        ["collect", str(prompts), "--out", str(out), "--strong", "big", "--weak", "small"]
        + ["--strong-url", server.base_url, "--weak-url", server.base_url, "--retries", "2", *options]
    )


def test_both_models_are_asked_and_graded(prompts: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def answer(model: str, prompt: str) -> str:
        number = int(prompt.split()[2])
        return f"It is {2 * number if model == 'big' else 4}."

    with faulty_server(lambda prompt, before: 429 if before == 0 else None, answer=answer) as server:
        assert collect(prompts, server, "--grade", "number") == 0
    printed = capsys.readouterr().out
    assert "8 prompts in" in printed
    assert "dollars unknown without --strong-price" in printed
    from shared_router.records.reading import read_outcomes

    outcomes = read_outcomes(prompts.with_name("graded.jsonl")).outcomes
    assert outcomes.scores("strong").sum() == 8
    assert outcomes.scores("weak").sum() == 1


def test_a_sample_is_of_the_prompts_and_the_same_for_one_seed(prompts: Path) -> None:
    with faulty_server() as server:
        assert collect(prompts, server, "--sample", "3") == 0
        first = dict(server.sent)
        assert len({prompt for _, prompt in first}) == 3
        assert collect(prompts, server, "--sample", "3") == 0
        assert dict(server.sent) == first


def test_a_judge_grades_both_answers(prompts: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def answer(model: str, prompt: str) -> str:
        if model != "wise":
            return "GOOD" if model == "big" else "poor"
        return "[[A]]" if "GOOD" in prompt.partition("<answer_b>")[0] else "[[B]]"

    with faulty_server(answer=answer) as server:
        options = ["--grade", "judge", "--judge", "wise", "--judge-url", server.base_url]
        assert collect(prompts, server, *options) == 0
    assert "a share of 0.00 of the verdicts followed the order" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--grade", "judge"], "--grade judge needs --judge MODEL"),
        (["--grade", "bleu"], "a grader must be one of"),
        (["--limit-dollars", "1"], "--limit-dollars needs to know what tokens cost; give --strong-price"),
        (["--strong-price", "cheap"], "--strong-price must be IN,OUT"),
        (["--concurrency", "0"], "concurrency must be >= 1"),
        (["--max-tokens", "0"], "max_tokens must be >= 1, got 0"),
        (["--out", "graded.csv"], "--out must be a .jsonl or .parquet file"),
        (["--sample", "0"], "a sample must be of 1 to 8 prompts, got 0"),
    ],
)
def test_bad_options_are_one_line_and_status_2(
    options: list[str], message: str, prompts: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with faulty_server() as server:
        assert collect(prompts, server, *options) == 2
        assert server.sent == {}
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


@pytest.mark.local_llm
def test_a_real_model_is_asked_through_a_real_server(local_llm: LocalServer, tmp_path: Path) -> None:
    path = tmp_path / "prompts.txt"
    path.write_text("Say yes.\nSay no.\n")
    server: list[str] = ["--strong-url", local_llm.base_url, "--weak-url", local_llm.base_url]
    models = ["--strong", local_llm.model, "--weak", local_llm.model]
    command: list[Any] = ["collect", str(path), "--out", str(tmp_path / "out.jsonl"), *models, *server]
    assert main([*command, "--max-tokens", "4", "--grade", "pattern:(?i)[a-z]"]) == 0
    from shared_router.records.reading import read_outcomes

    outcomes = read_outcomes(tmp_path / "out.jsonl").outcomes
    assert outcomes.column("output_tokens", "strong").max() <= 4
    assert outcomes.scores("weak").tolist() == [1.0, 1.0]
