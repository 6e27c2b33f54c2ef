"""Our own decision logs as records: calls, shadows and feedback."""

from pathlib import Path

import pytest

from shared_router.commands.main import main
from shared_router.errors import DataError
from shared_router.records.reading import read_outcomes
from tests.decision_logs import decision, feedback, shadow, write_log
from tests.feedback.answers import graded_answers


def test_a_call_with_a_graded_shadow_is_a_graded_pair(tmp_path: Path) -> None:
    """The weak model answered for 1 dollar in half a second, and the strong one would have for 5."""
    lines = [
        decision(1, prompt="Why?", input_tokens=10, output_tokens=20, seconds=0.5),
        shadow(1, input_tokens=11, output_tokens=40, score=1.0),
        feedback(1, 0.25),
        decision(2, prompt="How?"),
    ]
    found = read_outcomes(write_log(tmp_path / "log.jsonl", lines)).outcomes
    assert list(found.prompts) == ["Why?", "How?"]
    assert found.scores("weak")[0] == 0.25
    assert found.scores("strong")[0] == 1.0
    assert (found.dollars("weak")[0], found.dollars("strong")[0]) == (1.0, 5.0)
    assert found.column("latency_ms", "weak")[0] == 500.0
    assert len(found.pair("strong", "weak")) == 1


def test_feedback_is_of_the_answer_that_the_user_got_by_its_kind(tmp_path: Path) -> None:
    """The judge's grade is one kind of score, the thumbs of two users another: (1 + 0) / 2."""
    lines = [
        decision(1, prompt="Why?"),
        shadow(1, score=1.0),
        feedback(1, 1.0, "thumbs:hmac:aa"),
        feedback(1, 0.0, "thumbs:hmac:bb"),
    ]
    path = write_log(tmp_path / "log.jsonl", lines)
    assert read_outcomes(path, score="thumbs").outcomes.scores("weak")[0] == 0.5
    assert read_outcomes(path, score="judge").outcomes.scores("strong")[0] == 1.0


def test_where_none_is_named_the_judges_grade_is_taken_which_both_answers_have(tmp_path: Path) -> None:
    """The user's thumb of 0 and the retry are of one answer alone."""
    lines = [
        decision(1, prompt="Why?"),
        shadow(1, score=1.0),
        feedback(1, 0.25),
        feedback(1, 0.0, "thumbs:hmac:aa"),
        feedback(1, 0.0, "retry"),
    ]
    found = read_outcomes(write_log(tmp_path / "log.jsonl", lines)).outcomes
    assert (found.scores("weak")[0], found.scores("strong")[0]) == (0.25, 1.0)


def test_a_log_without_a_judge_must_be_told_which_word_is_meant(tmp_path: Path) -> None:
    lines = [decision(1, prompt="Why?"), feedback(1, 1.0, "thumbs"), feedback(1, 0.0, "retry")]
    with pytest.raises(DataError, match=r"which score is meant must be said, got \['retry', 'thumbs'\]"):
        read_outcomes(write_log(tmp_path / "log.jsonl", lines))


def test_a_call_that_failed_and_a_grade_of_nothing_are_left_out(tmp_path: Path) -> None:
    lines = [decision(1, prompt="Why?"), decision(2, outcome="failed"), feedback(9, 1.0)]
    assert read_outcomes(write_log(tmp_path / "log.jsonl", lines)).left_out == {
        "a request that failed": 1,
        "a grade of no answer here": 1,
    }


def test_a_log_of_hashes_holds_no_prompt(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="must hold a prompt with its text"):
        read_outcomes(write_log(tmp_path / "log.jsonl", [decision(1, query="hmac:00")]))


def test_a_router_is_evaluated_on_a_log(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("matplotlib")
    answers = graded_answers(60, propensity=None)
    lines = []
    for number, prompt in enumerate(answers.prompts):
        strong = bool(answers.strong[number])
        lines.append(decision(number, "strong" if strong else "weak", prompt=prompt))
        lines.append(shadow(number, "weak" if strong else "strong", score=float(answers.other_score[number])))
        lines.append(feedback(number, float(answers.score[number])))
    log = write_log(tmp_path / "log.jsonl", lines)
    assert main(["evaluate", str(log), "--resamples", "20", "--out", str(tmp_path / "out")]) == 0
    assert "60 prompts, strong against weak" in capsys.readouterr().out
