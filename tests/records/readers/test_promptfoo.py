"""records/readers/promptfoo.py: promptfoo's results."""

from tests.records.fixtures import PROMPTS, column, of_first, read


def test_providers_are_joined_by_prompt_and_test() -> None:
    """The first test's answer by the small model failed its assertion and scores .5; its second timed out."""
    reading = read("promptfoo.json")
    outcomes = reading.outcomes
    assert (reading.formats, list(outcomes.prompts)) == (("promptfoo",), PROMPTS[:2])
    assert column(outcomes, "score", "openai:gpt-4o") == [1, 1]
    assert column(outcomes, "score", "openai:gpt-4o-mini") == [0.5, None]
    assert of_first(outcomes, "openai:gpt-4o") == {
        "score": 1,
        "input_tokens": 20,
        "output_tokens": 1,
        "dollars": 0.00006,
        "latency_ms": 1500,
    }
    assert reading.left_out == {"a request that failed": 1}
