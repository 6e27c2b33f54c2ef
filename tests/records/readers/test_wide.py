"""records/readers/wide.py: RouteLLM's benchmark CSVs and tables made like them."""

from pathlib import Path

import pytest

from shared_router import FormatError, read_outcomes
from tests.records.fixtures import PROMPTS, column, read

WEAK, STRONG = "mistralai/Mixtral-8x7B-Instruct-v0.1", "gpt-4-1106-preview"


def test_every_column_of_truth_values_is_a_model() -> None:
    reading = read("routellm_mmlu.csv")
    assert reading.formats == ("routellm",)
    assert reading.outcomes.models == (WEAK, STRONG)
    assert list(reading.outcomes.prompts) == PROMPTS[:2]
    assert column(reading.outcomes, "score", WEAK) == [1, 0]
    assert column(reading.outcomes, "score", STRONG) == [1, 1]
    assert reading.left_out == {"a blank prompt": 1}


def test_responses_are_answers_and_the_index_is_no_model() -> None:
    outcomes = read("routellm_gsm8k.csv").outcomes
    assert outcomes.models == (WEAK, STRONG)
    assert outcomes.answers(STRONG) == ["g", "g"]
    assert outcomes.answers(WEAK) == ["m", "m"]


@pytest.mark.parametrize("header", ["prompt,split,id", "prompt,gpt,id", "text,gpt,category"])
def test_fewer_than_two_columns_of_scores_are_no_table_of_models(tmp_path: Path, header: str) -> None:
    path = tmp_path / "x.csv"
    path.write_text(f"{header}\nq,1,0\n", "utf-8")
    with pytest.raises(FormatError, match="routellm: . columns of scores beside the prompt"):
        read_outcomes(path)


def test_the_prompts_column_may_be_in_other_letters_and_models_names_stay(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("Prompt,GPT 4,Small\nq,1,0\n", "utf-8")
    reading = read_outcomes(path)
    assert (reading.formats, reading.outcomes.models) == (("routellm",), ("GPT 4", "Small"))
