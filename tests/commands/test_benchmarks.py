from __future__ import annotations

import json
from pathlib import Path

import pytest

from shared_router import router_class
from shared_router.commands.main import main
from tests.evaluation.test_benchmarks import checkout


@pytest.fixture
def arguments(tmp_path: Path) -> list[str]:
    router_class("random")().save(tmp_path / "mine")
    data = checkout(tmp_path / "data")
    return ["benchmarks", "--data", str(data), "--router", str(tmp_path / "mine"), "--resamples", "20"]


def test_each_benchmark_is_a_table_beside_the_papers_figures(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 0
    printed = capsys.readouterr().out
    for name in ("MMLU: 3 prompts", "GSM8K: 2 prompts", "MT-Bench: 1 prompts"):
        assert name in printed
    assert "left out: 1 contaminated, 0 trained on" in printed
    lines = printed.splitlines()
    assert lines[1].split("  ")[-1] == "reported, other data"
    (mine,) = [line for line in lines[: lines.index("")] if line.startswith("mine ")]
    # a random router of the paper's, on MMLU
    assert mine.endswith("APGR 0.500, CPT 0.50 / 0.80 (none)")
    (sw,) = [line for line in lines[: lines.index("")] if line.startswith("similarity_weighted")]
    assert sw.endswith("APGR 0.473, CPT 0.56 / 0.80 (65k arena)")


def test_prompts_that_were_trained_on_are_left_out(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    battles = tmp_path / "battles.jsonl"
    row = {"query": "LAW two", "model_a": "strong", "model_b": "weak", "winner": "a"}
    battles.write_text(json.dumps(row) + "\n", "utf-8")
    graded = tmp_path / "graded.csv"
    graded.write_text("prompt,strong_score,weak_score\nsum  one,1,0\n", "utf-8")
    given = ["--trained-on", str(battles), "--trained-on", str(graded)]
    assert main([*arguments, *given]) == 0
    printed = capsys.readouterr().out
    assert "MMLU: 2 prompts" in printed
    assert "GSM8K: 1 prompts" in printed


def test_reports_are_written_and_printed_as_json_when_asked(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*arguments, "--json", "--out", str(tmp_path / "out")]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {name: report["n"] for name, report in found.items()} == {"MMLU": 3, "GSM8K": 2, "MT-Bench": 1}
    assert (tmp_path / "out" / "mt-bench" / "report.html").is_file()


def test_a_folder_without_benchmarks_is_one_line_and_status_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["benchmarks", "--data", str(tmp_path)]) == 2
    assert "must be a checkout of RouteLLM" in capsys.readouterr().err
