"""`routellm inspect`: what is in a file of records."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from shared_router.commands.main import main
from tests.records.fixtures import FOLDER, PROMPTS


def inspected(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert main(["inspect", *arguments, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert isinstance(found, dict)
    return found


def test_json_says_what_the_file_holds(capsys: pytest.CaptureFixture[str]) -> None:
    found = inspected(capsys, str(FOLDER / "scored_pair.csv"))
    assert found["formats"] == ["scored"]
    assert (found["rows"], found["prompts"], found["duplicates"]) == (5, 3, 0)
    assert found["left_out"] == {"a blank prompt": 1, "no score that is a number": 1}
    assert [(each["model"], each["graded"]) for each in found["models"]] == [("strong", 3), ("weak", 2)]
    assert found["can_compute"]["quality"] is True
    assert found["can_compute"]["graded_pairs"] == [["strong", "weak", 2]]


def test_near_duplicates_are_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    long = "please tell me in a few words what the capital of france is and how many people live there today"
    rows = [
        "prompt,strong_score,weak_score",
        f"{long},1,0",
        f"{long.upper()},1,0",
        f"{long} ok,1,0",
        "other,1,1",
    ]
    (tmp_path / "x.csv").write_text("\n".join(rows), "utf-8")
    found = inspected(capsys, str(tmp_path / "x.csv"))
    assert (found["duplicates"], found["near_duplicates"], found["near_duplicates_among"]) == (1, 1, 4)


@pytest.mark.parametrize("name", sorted(path.name for path in FOLDER.iterdir()))
def test_neither_form_of_any_format_shows_a_prompt(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--scale", "1", "10"] if name == "mt_bench" else []
    options += ["--score", "exact_match,strict-match"] if name == "lm_eval" else []
    for form in ([], ["--json"]):
        assert main(["inspect", str(FOLDER / name), *options, *form]) == 0
        printed = capsys.readouterr()
        assert printed.err == ""
        assert not any(prompt in printed.out for prompt in PROMPTS)
        assert "can_compute" in printed.out or "can compute" in printed.out


def test_a_log_is_enough_for_budgets_but_not_for_quality(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["inspect", str(FOLDER / "litellm_callback.jsonl")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "can compute budgets: yes" in lines
    assert "can compute quality: no: 1 model here, and a comparison needs two" in lines
    assert "left out    1 x an answer from a cache" in lines


def test_prices_that_are_given_make_dollars_of_tokens(capsys: pytest.CaptureFixture[str]) -> None:
    """20 sent of which 16 cached, 1 answered: 4 x 2.5 + 16 x 1.25 + 10 = 40 millionths; 22 and 2: 75."""
    prices = ["--prices", "gpt-4o-2024-08-06=2.5,10,1.25"]
    found = inspected(capsys, str(FOLDER / "openai_batch"), *prices)
    assert found["models"][0]["dollars"] == pytest.approx(115e-6, abs=1e-12)
    assert found["can_compute"]["budgets"] is True


def test_prices_are_looked_up(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("genai_prices")
    found = inspected(capsys, str(FOLDER / "openai_batch"), "--prices", "auto")
    assert found["models"][0]["dollars"] == pytest.approx(115e-6, abs=1e-12)


def test_models_whose_tokens_have_no_price_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", str(FOLDER / "openai_batch")]) == 0
    shown = capsys.readouterr().out
    assert "tokens without dollars: gpt-4o-2024-08-06; give --prices auto or MODEL=IN,OUT" in shown


@pytest.mark.parametrize(
    ("arguments", "rule"),
    [
        (["no-such-file.csv"], "no-such-file.csv: the file must be there"),
        ([str(Path(__file__))], "a file must be in a format that a reader knows; tried saved: no 'prompt'"),
        ([str(FOLDER / "scored_pair.csv"), "--format", "csv"], "a format must be one of"),
        ([str(FOLDER / "mt_bench")], "say their scale: --scale 1 10"),
        ([str(FOLDER / "mt_bench"), "--scale", "1", "5"], "scores must be in [1, 5], got 4 to 8.5"),
        ([str(FOLDER / "mt_bench"), "--scale", "5", "5"], "scale must be two finite numbers, worst < best"),
        ([str(FOLDER / "lm_eval")], "which score is meant must be said"),
        ([str(FOLDER / "scored_pair.csv"), "--prices", "strong"], "--prices must be auto, MODEL=IN,OUT"),
        ([str(FOLDER / "scored_pair.csv"), "--prices", "strong=1"], "--prices must be auto, MODEL=IN,OUT"),
        ([str(FOLDER / "scored_pair.csv"), "--prices", "strong=1,-1"], "must be dollars >= 0, got -1.0"),
        ([str(FOLDER / "scored_pair.csv"), "--prices", "other=1,1"], "prices must be by model, one of"),
        ([str(FOLDER / "openai_batch" / "responses.jsonl")], "give the file of requests too"),
    ],
)
def test_bad_input_is_one_line_and_status_2(
    arguments: list[str], rule: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["inspect", *arguments]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("routellm: error: ")
    assert rule in printed.err
    assert printed.err.count("\n") == 1
