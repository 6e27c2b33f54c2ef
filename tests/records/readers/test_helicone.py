"""records/readers/helicone.py: Helicone's requests."""

from tests.records.fixtures import PROMPTS, of_first, read


def test_requests_are_read_and_cached_tokens_counted_apart_are_added() -> None:
    """Claude's 100 prompt tokens do not hold its 900 cached ones: 1,000 were sent."""
    reading = read("helicone.jsonl")
    outcomes = reading.outcomes
    assert (reading.formats, list(outcomes.prompts)) == (("helicone",), PROMPTS[:2])
    assert outcomes.models == ("gpt-4o-2024-08-06", "claude-sonnet")
    assert of_first(outcomes, "gpt-4o-2024-08-06") == {
        "score": 1,
        "input_tokens": 20,
        "output_tokens": 1,
        "cached_input_tokens": 16,
        "cache_write_tokens": 0,
        "dollars": 0.00006,
        "latency_ms": 1500,
        "time_to_first_token_ms": 250,
    }
    claude = of_first(outcomes.select([1]), "claude-sonnet")
    assert (claude["input_tokens"], claude["dollars"]) == (1000, 0.002)
    assert outcomes.conversations == ["s1", "s1"]
    assert reading.left_out == {"a request that failed": 1, "no name of a model": 1}
