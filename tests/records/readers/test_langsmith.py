"""records/readers/langsmith.py: runs and feedback."""

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
