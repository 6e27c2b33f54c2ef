"""`routellm savings`: from a decision log to dollars, quality and whether the guarantee holds."""

import json
from pathlib import Path
from typing import Any

import pytest

from shared_router.commands.main import main
from tests.decision_logs import decision, feedback, shadow, twenty_calls, write_log


@pytest.fixture
def log(tmp_path: Path) -> str:
    return str(write_log(tmp_path / "log.jsonl", twenty_calls()))


def said(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    assert main(["savings", *words, "--json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_json_has_both_figures_with_their_intervals(log: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Ten weak calls of 1 dollar would have cost 5 each; one of twenty answers is worse by 1."""
    found = said(capsys, log)
    assert (found["saved_dollars"], found["saved_interval"]) == (40.0, [40.0, 40.0])
    assert found["quality_change"] == pytest.approx(-0.05)
    assert len(found["quality_interval"]) == 2


def test_a_saving_without_a_quality_is_refused_unless_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ungraded = str(write_log(tmp_path / "ungraded.jsonl", twenty_calls(graded=False)))
    assert main(["savings", ungraded]) == 2
    assert "no grade in the log tells it" in capsys.readouterr().err
    found = said(capsys, ungraded, "--without-quality")
    assert (found["saved_dollars"], found["quality_change"], found["quality_interval"]) == (40.0, None, None)


def test_shadows_without_dollars_are_told_of_prices(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [
        {name: value for name, value in line.items() if name != "dollars"} if "shadow" in line else line
        for line in twenty_calls()
        if isinstance(line, dict)
    ]
    assert main(["savings", str(write_log(tmp_path / "unpriced.jsonl", lines))]) == 2
    assert "where shadows have no dollars give prices to the adapter, or --prices" in capsys.readouterr().err


@pytest.mark.parametrize("command", [["savings"], ["learn", "--out", "router"], ["compare-arms"]])
def test_a_log_without_a_decision_is_refused_with_what_its_lines_are(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A propensity of 0 could not have been drawn: such a line is damaged."""
    lines = [decision(1, propensity=0.0), decision(2, propensity=0.0)]
    log = str(write_log(tmp_path / "log.jsonl", lines))
    assert main([command[0], log, *command[1:]]) == 2
    assert "a log must hold decisions, lines that DecisionLog wrote, got none in" in (
        said := capsys.readouterr().err
    )
    assert "of 2 lines 2 damaged were left out" in said


def test_a_period_is_cut_out_of_the_log(log: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Calls 10 to 14 are weak ones of the hours 10 to 14."""
    found = said(capsys, log, "--since", "2026-11-01T10:00:00Z", "--until", "2026-11-01T15:00:00")
    assert (found["n_calls"], found["saved_dollars"]) == (5, 20.0)


def test_the_words_say_whether_the_guarantee_holds(log: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["savings", log, "--max-drop", "0.02"]) == 0
    assert "the guarantee (max_drop 0.02) is not shown to hold" in capsys.readouterr().out


def test_a_log_cut_within_a_line_and_lines_about_unknown_calls_are_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cut = json.dumps(decision(99))[:70]
    lines: list[dict[str, Any] | str] = [
        *twenty_calls(),
        feedback(77, 1.0),
        {**feedback(3, 0.0), "score": 7},
        shadow(78),
        cut,
    ]
    path = write_log(tmp_path / "cut.jsonl", lines)
    assert main(["savings", str(path)]) == 0
    assert (
        "of 44 lines 2 damaged, 2 about decisions that are not there were left out" in capsys.readouterr().out
    )


def test_feedback_given_twice_counts_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    once = write_log(tmp_path / "once.jsonl", twenty_calls())
    twice = write_log(tmp_path / "twice.jsonl", twenty_calls() + twenty_calls())
    first, second = said(capsys, str(once)), said(capsys, str(twice))
    assert first["quality_interval"] == second["quality_interval"]


def test_the_page_the_json_and_the_picture_are_written(log: str, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    out = tmp_path / "out"
    assert main(["savings", log, "--out", str(out)]) == 0
    assert {path.name for path in out.iterdir()} == {
        "savings.html",
        "savings.json",
        "savings.png",
        "savings.svg",
    }
    assert json.loads((out / "savings.json").read_text("utf-8"))["saved_dollars"] == 40.0


def test_a_time_that_is_none_is_refused(log: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["savings", log, "--since", "yesterday"]) == 2
    assert "--since must be a date such as 2026-11-01" in capsys.readouterr().err


def test_a_policy_without_a_promise_is_refused(
    log: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from shared_router import RoutingPolicy

    RoutingPolicy(threshold=0.2).save(tmp_path / "policy.json")
    assert main(["savings", log, "--policy", str(tmp_path / "policy.json")]) == 2
    assert "--policy must be a file that promises a quality" in capsys.readouterr().err
