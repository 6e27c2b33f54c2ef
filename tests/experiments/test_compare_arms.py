"""compare_arms.py and its command: which arm is better in grades and in dollars, and when nobody may say."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shared_router import DataError, InvalidInputError
from shared_router.commands.main import main
from shared_router.experiments.compare_arms import ArmsComparison, compare_arms
from shared_router.telemetry import read_log
from tests.decision_logs import decision, feedback, write_log


def log(tmp_path: Path, n: int = 3000, *, lost: float = 0.0, b_strong: float = 0.2) -> Path:
    """Write a test: arm a sends half of its questions strong, arm b a fifth, grades are the same."""
    rng = np.random.default_rng(0)
    lines: list[dict[str, Any]] = []
    for number in range(n):
        arm = "b" if rng.random() < 0.5 else "a"
        strong = rng.random() < (b_strong if arm == "b" else 0.5)
        grade = float(rng.random() < 0.7)
        if arm == "b" and rng.random() < lost:
            continue
        model = "strong" if strong else "weak"
        lines += [decision(number, model, arm=arm, query=f"hmac:{number}"), feedback(number, grade)]
    return write_log(tmp_path / "log.jsonl", lines)


def compared(path: Path, **given: Any) -> ArmsComparison:
    return compare_arms(read_log(path).rows, **given)


def test_the_cheaper_arm_is_found_and_equal_grades_are_not_told_apart(tmp_path: Path) -> None:
    """A strong answer costs 5 dollars and a weak one 1: 3 in a, and 0.2 * 5 + 0.8 = 1.8 in b."""
    found = compared(log(tmp_path))
    assert found.dollars is not None
    assert found.quality is not None
    assert found.dollars.mean_a == pytest.approx(3, abs=0.2)
    assert found.dollars.mean_b == pytest.approx(1.8, abs=0.2)
    assert found.dollars.low < -1.2 < found.dollars.high < 0
    assert found.better(found.dollars, less_is_better=True) == "b"
    assert found.better(found.quality) is None
    assert found.quality.low < 0 < found.quality.high
    assert found.ratio_holds


def test_nothing_is_concluded_where_units_of_one_arm_are_lost(tmp_path: Path) -> None:
    found = compared(log(tmp_path, 4000, lost=0.4))
    assert not found.ratio_holds
    assert found.better(found.dollars, less_is_better=True) is None
    assert found.as_json()["dollars"]["better"] is None


def test_another_share_is_another_ratio(tmp_path: Path) -> None:
    assert not compared(log(tmp_path), share=0.3).ratio_holds


def test_dollars_far_above_the_first_ones_count_as_ten_times_those(tmp_path: Path) -> None:
    """Fifty units of 1 dollar set the cut at 10; one of 1,000 counts as 10."""
    dollars = [1.0] * 60 + [1000.0]
    lines = [decision(i, arm="ab"[i % 2], query=f"hmac:{i}", dollars=each) for i, each in enumerate(dollars)]
    found = compared(write_log(tmp_path / "log.jsonl", lines))
    assert (found.most_dollars, found.n_cut) == (10.0, 1)
    assert found.dollars is not None
    assert found.dollars.mean_a == pytest.approx((5 * 1 + 10) / 6)


def test_a_log_of_no_test_is_refused_and_so_is_what_is_no_share(tmp_path: Path) -> None:
    path = write_log(tmp_path / "log.jsonl", [decision(1)])
    with pytest.raises(DataError, match="no line of this one names an arm"):
        compared(path)
    with pytest.raises(InvalidInputError, match="share must be"):
        compared(path, share=50)
    with pytest.raises(InvalidInputError, match="silent_s must be"):
        compared(path, silent_s=-1)


def test_the_command_says_it_in_words_and_in_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(log(tmp_path))
    assert main(["compare-arms", path]) == 0
    said = capsys.readouterr().out
    assert re.search(r"grade: .*: not decided\ndollars: .*: b is better, as [\d,]+ showed", said)
    assert main(["compare-arms", path, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["dollars"]["better"], found["quality"]["better"]) == ("b", None)
    assert found["sample_ratio"]["holds"] is True
    assert main(["compare-arms", path, "--share", "0.3"]) == 0
    assert "nothing can be concluded" in capsys.readouterr().out
    assert main(["compare-arms", path, "--share", "30"]) == 2


def test_one_arm_alone_is_told_as_such_and_decides_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two hundred units of arm a alone: a fair share would give this with a chance of 2 to the -200."""
    path = write_log(tmp_path / "log.jsonl", [decision(i, arm="a", query=f"hmac:{i}") for i in range(200)])
    assert not compared(path).ratio_holds
    assert main(["compare-arms", str(path)]) == 0
    said = capsys.readouterr().out
    assert "arm a: 200 conversations, arm b: 0" in said
    assert "dollars: 1 in a, nothing in b" in said
    assert "nothing can be concluded" in said
    assert main(["compare-arms", str(path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["dollars"]["mean"]["b"] is None


def test_arms_of_other_names_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = [decision(i, arm=("a", "treatment")[i % 2], query=f"hmac:{i}") for i in range(20)]
    path = write_log(tmp_path / "log.jsonl", lines)
    with pytest.raises(DataError, match=r"as a SplitPolicy calls them, got \['treatment'\]"):
        compared(path)
    assert main(["compare-arms", str(path)]) == 2


def test_lines_that_cannot_be_used_are_counted_and_change_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = log(tmp_path, 400)
    assert main(["compare-arms", str(path), "--json"]) == 0
    whole = json.loads(capsys.readouterr().out)
    with path.open("ab") as file:
        file.write(b'{"v": 2, "id": "of another release"}\n\x00\x00\n{"v": 1, "id": "torn')
    assert main(["compare-arms", str(path), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found.pop("skipped") == "of 803 lines 2 damaged, 1 of another release were left out"
    assert {**found, "skipped": ""} == whole
    assert main(["compare-arms", str(path)]) == 0
    assert "2 damaged, 1 of another release were left out" in capsys.readouterr().out


def test_conversations_that_tell_no_dollars_are_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One in ten has a call that failed."""
    lines = [
        decision(
            i,
            arm="ab"[i % 2],
            query=f"hmac:{i}",
            dollars=None if i % 10 == 0 else 1.0,
            outcome="failed" if i % 10 == 0 else "answered",
        )
        for i in range(200)
    ]
    path = write_log(tmp_path / "log.jsonl", lines)
    assert compared(path).n_unpriced == 20
    assert main(["compare-arms", str(path)]) == 0
    assert "20 conversations do not tell their dollars" in capsys.readouterr().out
