"""records/summary.py: what is in a table."""

import json

from shared_router import Outcomes
from shared_router.records.summary import ModelSummary, summary_of
from tests.records.fixtures import read


def test_a_summary_counts_prompts_models_and_what_is_missing() -> None:
    """Small lacks the second score; " ONE" is "one" but for case and spacing; 100 to 300 ms: p95 is 290."""
    outcomes = Outcomes.from_columns(
        ["one", "two", " ONE", "asked of nobody"],
        {"big": [1.0, 0.5, 1.0, None], "small": [0.0, None, 1.0, None]},
        measures={
            "dollars": {"big": [0.5, 0.25, None, None]},
            "input_tokens": {"big": [10, 20, 30, None]},
            "latency_ms": {"big": [100, 200, 300, None]},
        },
        domains=["a", "b", "b", None],
        conversations=["c1", "c1", "c2", None],
        times=[5.0, 1.0, 9.0, float("nan")],
    )
    summary = summary_of(outcomes)
    assert (summary.prompts, summary.duplicates, summary.unanswered) == (4, 1, 1)
    assert (summary.domains, summary.conversations) == ({"b": 2, "a": 1}, 2)
    assert (summary.first_time, summary.last_time) == (1, 9)
    assert summary.models == (
        ModelSummary(
            model="big",
            answers=3,
            graded=3,
            mean_score=2.5 / 3,
            missing={"dollars": 1},
            input_tokens=60,
            output_tokens=None,
            dollars=0.75,
            latency_ms=(200, 290),
        ),
        ModelSummary(
            model="small",
            answers=2,
            graded=2,
            mean_score=0.5,
            missing={"dollars": 2, "input_tokens": 2, "latency_ms": 2},
            input_tokens=None,
            output_tokens=None,
            dollars=None,
            latency_ms=None,
        ),
    )


def test_a_summary_is_json_and_holds_no_prompt_and_no_answer() -> None:
    written = json.dumps(summary_of(read("openai_batch").outcomes).as_json())
    assert "2+2" not in written
    assert "13" not in written
