"""What of a log can be learned from, and what is left out."""

from pathlib import Path

import numpy as np
import pytest

from shared_router.errors import DataError
from shared_router.feedback.logged_feedback import LoggedFeedback, logged_feedback
from shared_router.telemetry import read_log
from tests.decision_logs import decision, decision_id, feedback, shadow, write_log


def read(path: Path, *lines: dict[str, object], **options: object) -> LoggedFeedback:
    return logged_feedback(read_log(write_log(path / "log.jsonl", lines)).rows, **options)  # type: ignore[arg-type]


def test_a_grade_of_one_model_is_a_row_where_the_other_had_a_chance(tmp_path: Path) -> None:
    """Explored: 99 in 100 go where the score says, and this one went strong against it."""
    row = decision(1, "strong", prompt="Why?", propensity=0.01, win_probability=0.2, reason="explore")
    rows = read(tmp_path, row, feedback(1, 0.75, "thumbs"))
    assert rows.prompts == ["Why?"]
    assert (rows.strong[0], rows.score[0], rows.propensity[0]) == (True, 0.75, 0.01)
    assert (rows.routed_strong[0], rows.win_probability[0]) == (False, 0.2)
    assert not rows.both[0]


def test_a_graded_shadow_is_a_row_with_both_by_the_judge(tmp_path: Path) -> None:
    lines = decision(1, prompt="Why?"), shadow(1, score=1.0), feedback(1, 0.0), feedback(1, 1.0, "thumbs")
    rows = read(tmp_path, *lines)
    assert (rows.score[0], rows.other_score[0], rows.both[0]) == (0.0, 1.0, True)


def test_what_teaches_nothing_is_left_out_and_counted(tmp_path: Path) -> None:
    rows = read(
        tmp_path,
        decision(1, prompt="Why?"),
        shadow(1, score=1.0),
        feedback(1, 0.0),
        decision(2, prompt="How?"),
        feedback(2, 1.0, "thumbs"),
        decision(3, prompt="Who?"),
        decision(4, outcome="failed"),
        decision(5, propensity=0.5),
        feedback(5, 1.0, "thumbs"),
    )
    assert len(rows) == 1
    assert rows.left_out == {
        "a grade of an answer that had to be: the other model had no chance": 1,
        "no grade": 1,
        "not answered as it was decided": 1,
        "no prompt": 1,
    }


def test_a_log_of_hashes_is_refused_with_the_remedy_and_read_with_prompts_beside_it(tmp_path: Path) -> None:
    lines = decision(1, propensity=0.5, query="hmac:00"), feedback(1, 1.0, "thumbs")
    with pytest.raises(DataError, match=r"log_prompts=True\), or give --prompts FILE"):
        read(tmp_path, *lines)
    assert read(tmp_path, *lines, prompts={decision_id(1): "Why?"}).prompts == ["Why?"]


def test_a_log_without_grades_of_both_models_is_refused_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="shadows with a judge, .* or feedback on a policy that explores"):
        read(tmp_path, decision(1, prompt="Why?"), feedback(1, 1.0, "thumbs"))


def test_one_source_counts_for_ten_times_the_middle_one_at_most(tmp_path: Path) -> None:
    """Three users say one word each and one says forty: its words count 10 / 40 each."""
    lines: list[dict[str, object]] = []
    for number in range(43):
        lines.append(decision(number, prompt=f"Why {number}?", propensity=0.5))
        lines.append(feedback(number, 1.0, f"thumbs:{number}" if number < 3 else "thumbs:loud"))
    rows = read(tmp_path, *lines)
    assert rows.weights[:3].tolist() == [1.0, 1.0, 1.0]
    assert np.unique(rows.weights[3:]).tolist() == [0.25]


def test_a_log_of_other_models_asks_for_the_strong_ones_name(tmp_path: Path) -> None:
    small = decision(2, "small", prompt="How?", propensity=0.5)
    lines = decision(1, "large", prompt="Why?", propensity=0.5), small, feedback(1, 1.0, "thumbs")
    with pytest.raises(DataError, match=r"one of \['large', 'small'\], got 'strong'; say --strong NAME"):
        read(tmp_path, *lines)
    assert len(read(tmp_path, *lines, strong="large")) == 1


def test_the_logs_other_scored_questions_are_kept_beside_latest_first_and_none_that_teaches(
    tmp_path: Path,
) -> None:
    """The second one is asked again with other spaces, the fourth has no score."""
    rows = read(
        tmp_path,
        decision(1, prompt="Who?"),
        decision(2, prompt="Why?", propensity=0.5),
        feedback(2, 1.0, "thumbs"),
        decision(3, prompt="  Why?"),
        decision(4, prompt="A picture", win_probability=None),
        decision(5, prompt="How?"),
        decision(6),
    )
    assert rows.prompts == ["Why?"]
    assert list(rows.others) == ["How?", "Who?"]
    assert list(rows.some(np.array([0])).others) == ["How?", "Who?"]


def test_a_grade_of_a_model_that_a_budget_or_a_plan_moved_to_has_no_chance_to_speak_by(
    tmp_path: Path,
) -> None:
    """The strong model was drawn with a chance of 0.01, and the weak one answered for want of dollars."""
    moved = decision(
        1, "weak", routed="strong", prompt="Why?", propensity=0.01, reason="budget:hard", win_probability=0.2
    )
    escalated = decision(2, "strong", routed="weak", prompt="How?", propensity=0.99, reason="escalated:score")
    kept = decision(3, "strong", prompt="Who?", propensity=0.01, reason="explore")
    said = [feedback(number, 1.0, "thumbs") for number in (1, 2, 3)]
    rows = read(tmp_path, moved, escalated, kept, *said)
    assert rows.prompts == ["Who?"]
    assert rows.left_out == {"not answered as it was decided": 2}
    both = read(tmp_path, moved, shadow(1, "strong", score=1.0), feedback(1, 0.0))
    assert (both.score[0], both.other_score[0]) == (0.0, 1.0)
