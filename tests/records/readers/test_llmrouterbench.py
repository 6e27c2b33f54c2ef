"""records/readers/llmrouterbench.py: one document for each data set and model."""

from tests.records.fixtures import PROMPTS, column, of_first, read


def test_a_folder_of_documents_is_joined_by_data_set_and_index() -> None:
    reading = read("llmrouterbench")
    outcomes = reading.outcomes
    assert (reading.formats, reading.rows, outcomes.models) == (("llmrouterbench",), 4, ("big", "small"))
    assert list(outcomes.prompts) == PROMPTS[:2]
    assert column(outcomes, "score", "big") == [1, 0]
    assert column(outcomes, "score", "small") == [0, 0]
    assert of_first(outcomes, "big") == {
        "score": 1,
        "input_tokens": 12,
        "output_tokens": 3,
        "dollars": 0.001,
    }
    assert outcomes.domains == ["sums", "sums"]
    assert outcomes.answers("big")[0] == "It is 4"
    assert reading.left_out == {}
