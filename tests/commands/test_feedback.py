"""`routellm feedback`: other programs' feedback into the decision log."""

from pathlib import Path

import pytest

from shared_router.commands.main import main
from shared_router.telemetry import read_log
from tests.decision_logs import decision, decision_id, write_log


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return write_log(tmp_path / "log.jsonl", [decision(1), decision(2)])


def grades(path: Path, *rows: str) -> str:
    path.write_text("decision_id,score\n" + "".join(f"{row}\n" for row in rows), "utf-8")
    return str(path)


def test_feedback_is_added_and_what_is_about_no_decision_is_counted(
    log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = grades(tmp_path / "g.csv", f"{decision_id(1)},0.5", f"{decision_id(9)},1")
    assert main(["feedback", str(log), file, "--source", "form"]) == 0
    said = capsys.readouterr().out
    assert "1 words of feedback added" in said
    assert "left out, about decisions that are not in the log: 1" in said
    first, second = read_log(log)
    assert [(each.score, each.source) for each in first.feedback] == [(0.5, "form")]
    assert second.feedback == ()


def test_the_same_file_twice_changes_nothing(log: Path, tmp_path: Path) -> None:
    file = grades(tmp_path / "g.csv", f"{decision_id(1)},0.5")
    assert main(["feedback", str(log), file]) == 0
    once = log.read_text("utf-8")
    assert main(["feedback", str(log), file]) == 0
    assert log.read_text("utf-8") == once


def test_feedback_on_another_log_is_refused(
    log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = grades(tmp_path / "g.csv", f"{decision_id(9)},1")
    assert main(["feedback", str(log), file]) == 2
    assert "must be about decisions of the log, and none of 1 words is" in capsys.readouterr().err


def test_a_log_that_is_not_there_is_refused_and_not_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = grades(tmp_path / "g.csv", f"{decision_id(1)},1")
    assert main(["feedback", str(tmp_path / "none.jsonl"), file]) == 2
    assert "a log must be a file that is there" in capsys.readouterr().err
    assert not (tmp_path / "none.jsonl").exists()
