"""records/readers/inspect_samples.py: Inspect's samples."""

from tests.records.fixtures import PROMPTS, column, of_first, read


def test_epochs_are_averaged_and_letters_are_scores() -> None:
    """C and I over two epochs: mean .5, variance 2 x .5^2 / 1 = .5; P is one half. 4 + 16 cached = 20."""
    reading = read("inspect.csv")
    outcomes = reading.outcomes
    assert (reading.formats, list(outcomes.prompts)) == (("inspect",), PROMPTS[:2])
    assert column(outcomes, "score", "openai/gpt-4o") == [0.5, 1]
    assert column(outcomes, "score", "openai/gpt-4o-mini") == [0.5, None]
    assert of_first(outcomes, "openai/gpt-4o") == {
        "score": 0.5,
        "grades": 2,
        "score_variance": 0.5,
        "input_tokens": 20,
        "output_tokens": 5,
        "cached_input_tokens": 16,
        "reasoning_tokens": 3,
        "latency_ms": 1500,
    }
    assert reading.repeated == 1
    assert reading.left_out == {"a request that failed": 1, "several models in one sample": 1}
