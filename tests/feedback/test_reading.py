"""Feedback of other programs finds its way back to the decisions that it is about."""

import json
from pathlib import Path
from typing import Any

import pytest

from shared_router.errors import DataError
from shared_router.feedback import GivenFeedback, read_feedback
from tests.decision_logs import decision_id

FIRST, SECOND = decision_id(1), decision_id(2)


def write(path: Path, *rows: dict[str, Any]) -> Path:
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), "utf-8")
    return path


def run(name: str, decided: str, **more: Any) -> dict[str, Any]:
    """Return a LangSmith run whose metadata holds a decision."""
    metadata = {"routellm_decision_id": decided, "routellm_model": "weak"}
    extra = {"metadata": metadata}
    return {"id": name, "run_type": "llm", "inputs": {}, "outputs": {}, "extra": extra, **more}


def test_a_table_of_ones_own_needs_an_id_and_a_score(tmp_path: Path) -> None:
    path = tmp_path / "grades.csv"
    path.write_text(f"decision_id,score,source\n{FIRST},0.75,editor\n{SECOND},1,\n", "utf-8")
    given = read_feedback([path]).given
    assert given == (GivenFeedback(FIRST, 0.75, "editor"), GivenFeedback(SECOND, 1.0, "user"))


def test_langsmith_feedback_is_joined_to_the_decision_of_its_run(tmp_path: Path) -> None:
    runs = write(tmp_path / "runs.jsonl", run("r1", FIRST), run("r2", SECOND, trace_id="t2"))
    words = write(
        tmp_path / "feedback.jsonl",
        {"run_id": "r1", "key": "user_score", "score": 1, "created_at": "2026-11-02T00:00:00Z"},
        {"run_id": "t2", "key": "user_score", "score": 0.0, "feedback_source": {"user_id": "u7"}},
    )
    first, second = read_feedback([runs, words]).given
    assert (first.decision_id, first.score, first.source, first.user) == (FIRST, 1.0, "user_score", None)
    assert first.when == 1793577600.0
    assert (second.decision_id, second.score, second.user) == (SECOND, 0.0, "u7")


def test_feedback_on_a_trace_of_two_decisions_is_about_neither(tmp_path: Path) -> None:
    runs = write(tmp_path / "runs.jsonl", run("r1", FIRST, trace_id="t"), run("r2", SECOND, trace_id="t"))
    words = write(
        tmp_path / "words.jsonl",
        {"run_id": "t", "key": "k", "score": 1},
        {"run_id": "r2", "key": "k", "score": 1},
    )
    found = read_feedback([runs, words])
    assert [each.decision_id for each in found.given] == [SECOND]
    assert found.left_out == {"feedback on a run without a decision": 1}


def test_a_correction_or_a_retry_says_that_the_answer_was_not_good_enough(tmp_path: Path) -> None:
    runs = write(tmp_path / "runs.jsonl", run("r1", FIRST))
    words = write(
        tmp_path / "words.jsonl",
        {"run_id": "r1", "key": "corrected", "score": None, "correction": {"answer": "42"}},
        {"decision_id": SECOND, "retried": True},
    )
    assert [(each.decision_id, each.score) for each in read_feedback([runs, words]).given] == [
        (FIRST, 0.0),
        (SECOND, 0.0),
    ]


def test_llamaindex_events_are_joined_by_their_span(tmp_path: Path) -> None:
    """One event holds the answer with its decision, one an evaluator's word on the same span."""
    kept = {"additional_kwargs": {"routellm": {"decision_id": FIRST, "model": "weak"}}}
    events = write(
        tmp_path / "events.jsonl",
        {"class_name": "LLMChatEndEvent", "id_": "e1", "span_id": "s1", "response": kept},
        {"class_name": "EvaluationEvent", "id_": "e2", "span_id": "s1", "passing": False, "source": "eval"},
        {"event_id": "e1", "score": 0.5, "source": "form"},
    )
    assert read_feedback([events]).given == (
        GivenFeedback(FIRST, 0.0, "eval"),
        GivenFeedback(FIRST, 0.5, "form"),
    )


@pytest.mark.parametrize(("word", "score"), [("up", 1.0), ("👎", 0.0), (True, 1.0), ("false", 0.0)])
def test_a_thumb_is_one_or_zero(tmp_path: Path, word: Any, score: float) -> None:
    assert (
        read_feedback([write(tmp_path / "w.jsonl", {"decision_id": FIRST, "value": word})]).given[0].score
        == score
    )


def test_scores_are_on_the_scale_that_was_said_and_others_are_left_out(tmp_path: Path) -> None:
    """4 of 1 to 5 is (4 - 1) / 4 = .75."""
    rows = [{"decision_id": FIRST, "score": 4}, {"decision_id": SECOND, "score": 9}]
    found = read_feedback([write(tmp_path / "w.jsonl", *rows)], scale=(1.0, 5.0))
    assert [each.score for each in found.given] == [0.75]
    assert found.left_out == {"a score that is not in [1, 5] (--scale says another)": 1}


def test_files_without_feedback_are_refused_with_what_is_needed(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="rows with decision_id and score, or with run_id or span_id"):
        read_feedback([write(tmp_path / "runs.jsonl", run("r1", FIRST))])
