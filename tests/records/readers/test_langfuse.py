"""records/readers/langfuse.py: observations and scores."""

from tests.records.fixtures import PROMPTS, of_first, read


def test_generations_of_the_api_are_read() -> None:
    """Input 4 + cached 16 = 20; output 1 + reasoning 2 = 3."""
    reading = read("langfuse_api.json")
    assert reading.formats == ("langfuse",)
    assert list(reading.outcomes.prompts) == PROMPTS[:1]
    assert of_first(reading.outcomes, "gpt-4o") == {
        "input_tokens": 20,
        "output_tokens": 3,
        "cached_input_tokens": 16,
        "reasoning_tokens": 2,
        "dollars": 0.00006,
        "latency_ms": 1500,
        "time_to_first_token_ms": 250,
    }
    assert reading.outcomes.conversations == ["s1"]
    assert reading.left_out == {"an observation that is no generation": 1, "a request that failed": 1}


def test_a_blob_export_is_read_with_the_scores_of_its_observations() -> None:
    """Input 100 + cached 900 = 1,000; a trace is the conversation where there is no session."""
    reading = read("langfuse_blob")
    assert list(reading.outcomes.prompts) == PROMPTS[2:]
    assert of_first(reading.outcomes, "claude-sonnet") == {
        "score": 0.75,
        "input_tokens": 1000,
        "output_tokens": 50,
        "cached_input_tokens": 900,
        "dollars": 0.002,
        "latency_ms": 2000,
    }
    assert reading.outcomes.answers("claude-sonnet") == ["Suppose it is p/q."]
    assert reading.outcomes.conversations == ["t5"]
    assert reading.left_out == {"a score of a whole trace": 1}
