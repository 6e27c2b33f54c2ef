"""`routellm learn`: a better router takes the old one's place, another does not, and there is a way back."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shared_router import load_router
from shared_router.commands.main import main
from tests.decision_logs import decision, feedback, write_log
from tests.feedback.answers import graded_answers


def lines(*, prompts: bool = True, **how: Any) -> list[dict[str, Any]]:
    """Return the log of 300 requests whose models were chosen by lot, each with one grade."""
    answers = graded_answers(300, **how)
    found = []
    for number, prompt in enumerate(answers.prompts):
        found.append(
            decision(
                number,
                "strong" if answers.strong[number] else "weak",
                prompt=prompt if prompts else None,
                propensity=0.5,
                win_probability=float(answers.win_probability[number]),
            )
        )
        found.append(feedback(number, float(answers.score[number]), "thumbs"))
    return found


@pytest.fixture
def log(tmp_path: Path) -> str:
    return str(write_log(tmp_path / "log.jsonl", lines()))


def test_a_better_router_is_saved_with_a_report(
    log: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "router"
    assert main(["learn", log, "--out", str(out)]) == 0
    said = capsys.readouterr().out
    assert "the new router is better than the log's policy" in said
    assert f"saved in {out}, SHA-256 " in said
    proof, total = load_router(out).win_probability(["Prove that pi is irrational.", "What is 1 plus 2?"])
    assert proof > total
    report = json.loads((tmp_path / "router.report" / "learn.json").read_text("utf-8"))
    assert report["better"] is True
    assert "better than the log" in (tmp_path / "router.report" / "learn.html").read_text("utf-8")


def test_a_router_that_is_not_better_changes_nothing_unless_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = str(write_log(tmp_path / "log.jsonl", lines(knows=True)))
    out = tmp_path / "router"
    assert main(["learn", log, "--out", str(out)]) == 2
    assert "must be better than the one at work to take its place" in capsys.readouterr().err
    assert not out.exists()
    assert (tmp_path / "router.report" / "learn.html").is_file()
    assert main(["learn", log, "--out", str(out), "--unproven"]) == 0
    assert out.is_dir()


def test_the_router_before_is_kept_and_comes_back(log: str, tmp_path: Path) -> None:
    out = tmp_path / "router"
    assert main(["learn", log, "--out", str(out)]) == 0
    asked = ["Prove that e is irrational.", "What is 5 plus 6?"]
    first = load_router(out).win_probability(asked)
    assert main(["learn", log, "--out", str(out), "--seed", "1"]) == 0
    second = load_router(out).win_probability(asked)
    assert not np.array_equal(first, second)
    assert np.array_equal(load_router(tmp_path / "router.previous").win_probability(asked), first)
    assert main(["learn", "--rollback", "--out", str(out)]) == 0
    assert np.array_equal(load_router(out).win_probability(asked), first)
    assert np.array_equal(load_router(tmp_path / "router.previous").win_probability(asked), second)


def test_a_log_of_hashes_is_refused_and_learned_from_with_the_prompts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = str(write_log(tmp_path / "log.jsonl", lines(prompts=False)))
    assert main(["learn", log, "--out", str(tmp_path / "router")]) == 2
    assert "or give --prompts FILE" in capsys.readouterr().err
    rows = [{"id": decision(i)["id"], "prompt": p} for i, p in enumerate(graded_answers(300).prompts)]
    beside = tmp_path / "prompts.jsonl"
    beside.write_text("".join(f"{json.dumps(row)}\n" for row in rows), "utf-8")
    assert main(["learn", log, "--prompts", str(beside), "--out", str(tmp_path / "router")]) == 0


def test_propensities_of_none_are_damaged_lines_and_not_learned_from(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    changed = [{**line, "propensity": 0} if "id" in line else line for line in lines()]
    log = str(write_log(tmp_path / "log.jsonl", changed))
    assert main(["learn", log, "--out", str(tmp_path / "router")]) == 2
    assert "of 600 lines 300 damaged" in capsys.readouterr().err


def test_a_folder_that_is_no_routers_is_not_replaced(
    log: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.txt").write_text("all of it", "utf-8")
    assert main(["learn", log, "--out", str(mine)]) == 2
    assert (mine / "thesis.txt").read_text("utf-8") == "all of it"


def test_there_must_be_something_to_roll_back_to(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["learn", "--rollback", "--out", str(tmp_path / "router")]) == 2
    assert "--rollback must find a router in" in capsys.readouterr().err
