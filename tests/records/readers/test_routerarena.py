"""records/readers/routerarena.py: RouterArena's predictions."""

from tests.records.fixtures import PROMPTS, column, of_first, read


def test_predictions_are_joined_by_their_index() -> None:
    reading = read("routerarena.json")
    outcomes = reading.outcomes
    assert (reading.formats, list(outcomes.prompts)) == (("routerarena",), PROMPTS[:1])
    assert column(outcomes, "score", "gpt-4o-mini") == [0]
    assert of_first(outcomes, "gpt-4o") == {
        "score": 1,
        "input_tokens": 20,
        "output_tokens": 1,
        "dollars": 0.00006,
    }
    assert reading.left_out == {"a request that failed": 1, "no grade and no answer": 1}
