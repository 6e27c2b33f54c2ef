"""records/readers/langsmith.py: runs and feedback."""

import json
from pathlib import Path

from shared_router import read_outcomes
from tests.records.fixtures import PROMPTS, column, of_first, read


def test_runs_of_models_are_read_with_tokens_dollars_and_times() -> None:
    reading = read("langsmith/runs.jsonl")
    outcomes = reading.outcomes
    assert (reading.formats, outcomes.models) == (("langsmith",), ("gpt-4o", "gpt-4o-mini"))
    assert list(outcomes.prompts) == PROMPTS[:2]
    assert of_first(outcomes, "gpt-4o") == {
        "score": 1,
        "input_tokens": 20,
        "output_tokens": 1,
        "cached_input_tokens": 16,
        "dollars": 0.00006,
        "latency_ms": 1500,
        "time_to_first_token_ms": 250,
    }
    assert outcomes.answers("gpt-4o-mini") == [None, "13"]
    assert outcomes.conversations == ["thread-1", "trace-1"]
    assert outcomes.times is not None
    assert outcomes.times[0] == 1_760_000_000
    assert reading.left_out == {"a run that is no call of a model": 1, "a request that failed": 1}


def test_feedback_in_a_file_of_its_own_grades_the_run_it_names() -> None:
    reading = read("langsmith")
    assert column(reading.outcomes, "score", "gpt-4o-mini") == [None, 0.5]
    assert reading.left_out == {
        "feedback without a number": 1,
        "a run that is no call of a model": 1,
        "a request that failed": 1,
        "a grade of no answer here": 1,
    }


def test_a_run_without_metadata_names_its_model_where_it_was_asked(tmp_path: Path) -> None:
    row = {"run_type": "llm", "inputs": {"input": "q"}, "outputs": {"output": "a"}, "start_time": 1.0}
    row["extra"] = {"invocation_params": {"model": "gpt-4o", "temperature": 0}}
    (tmp_path / "x.jsonl").write_text(json.dumps(row), "utf-8")
    assert read_outcomes(tmp_path / "x.jsonl").outcomes.models == ("gpt-4o",)
