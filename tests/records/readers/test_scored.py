"""records/readers/scored.py: graded answers as people write them down."""

import json
from pathlib import Path

import pytest

from shared_router import FormatError, Outcomes, read_outcomes
from tests.records.fixtures import PROMPTS, column, of_first, read


def test_a_row_with_two_scores_is_a_prompt_with_two_answers() -> None:
    reading = read("scored_pair.csv")
    outcomes = reading.outcomes
    assert (reading.formats, reading.rows, list(outcomes.prompts)) == (("scored",), 5, PROMPTS)
    assert outcomes.models == ("strong", "weak")
    assert column(outcomes, "score", "strong") == [1, 1, 0.75]
    assert column(outcomes, "score", "weak") == [1, 0.5, None]
    assert outcomes.domains == ["sums", "sums", "proofs"]
    assert reading.left_out == {"a blank prompt": 1, "no score that is a number": 1}


def test_a_row_with_a_model_and_a_score_is_one_answer_and_repeats_are_averaged() -> None:
    """Big's grades .5 and 1 have the mean .75 and the variance 2 x .25^2 / 1 = .125."""
    reading = read("scored_long.jsonl")
    outcomes = reading.outcomes
    assert column(outcomes, "score", "big") == [1, 0.75]
    assert column(outcomes, "score", "small") == [1, None]
    assert column(outcomes, "grades", "big") == [None, 2]
    assert column(outcomes, "score_variance", "big") == [None, 0.125]
    assert of_first(outcomes, "big") == {
        "score": 1,
        "dollars": 0.02,
        "input_tokens": 10,
        "output_tokens": 5,
        "latency_ms": 900,
    }
    assert reading.repeated == 1
    assert reading.left_out == {"no name of a model": 1, "a score that is no number": 1}


def write(tmp_path: Path, content: str) -> Path:
    path = tmp_path / "x.csv"
    path.write_text(content, "utf-8")
    return path


def test_a_pair_takes_the_names_of_its_models_and_their_answers(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "prompt,strong_model,weak_model,strong_score,weak_score,strong_response,weak_cost\nq,big,small,1,0,a,.5\n",
    )
    outcomes = read_outcomes(path).outcomes
    assert outcomes == Outcomes.from_columns(
        ["q"],
        {"big": [1], "small": [0]},
        measures={"dollars": {"small": [0.5]}},
        answers={"big": ["a"]},
    )


def test_equal_prompts_of_a_pair_file_stay_two_rows(tmp_path: Path) -> None:
    assert len(read_outcomes(write(tmp_path, "prompt,strong_score,weak_score\nq,1,0\nq,0,0\n")).outcomes) == 2


def test_rows_with_one_id_and_other_prompts_are_not_joined(tmp_path: Path) -> None:
    """Two files with ids of their own are no two models' answers to the same prompts."""
    reading = read_outcomes(write(tmp_path, "id,prompt,model,score\n1,q,a,1\n1,other,b,1\n1,q,b,0\n"))
    assert list(reading.outcomes.prompts) == ["q"]
    assert reading.left_out == {"another prompt under an id that was used before": 1}


def test_one_model_against_itself_is_left_out(tmp_path: Path) -> None:
    header = "prompt,strong_model,weak_model,strong_score,weak_score"
    reading = read_outcomes(write(tmp_path, f"{header}\nq,a,a,1,0\nq,a,b,1,0\n"))
    assert reading.left_out == {"one model's name for both sides": 1}


@pytest.mark.parametrize("word", ["true", "True", "1", "1.0", " 1 "])
def test_a_truth_value_is_a_score(tmp_path: Path, word: str) -> None:
    outcomes = read_outcomes(write(tmp_path, f"prompt,model,score\nq,m,{word}\n")).outcomes
    assert column(outcomes, "score", "m") == [1]


@pytest.mark.parametrize("word", ["nan", "NaN", "", "None", "NA"])
def test_an_absent_score_leaves_the_model_without_one(tmp_path: Path, word: str) -> None:
    outcomes = read_outcomes(write(tmp_path, f"prompt,strong_score,weak_score\nq,1,{word}\n")).outcomes
    assert outcomes.models == ("strong",)
    assert not outcomes.can_compute.quality


@pytest.mark.parametrize(
    "header",
    [
        "Prompt,Strong_Score,Weak_Score",
        "PROMPT, strong score ,Weak-Score",
        "Question,strong_score,weak_score",
    ],
)
def test_columns_may_be_named_in_other_letters(tmp_path: Path, header: str) -> None:
    reading = read_outcomes(write(tmp_path, f"{header}\nq,1,0\n"))
    assert reading.formats == ("scored",)
    assert reading.outcomes == Outcomes.from_columns(["q"], {"strong": [1], "weak": [0]})


def test_a_row_an_answer_may_have_its_columns_in_other_letters_too(tmp_path: Path) -> None:
    path = write(tmp_path, "Prompt,Model,Score,Input tokens,Output tokens,Cost\nq,m,1,10,5,.5\n")
    assert of_first(read_outcomes(path).outcomes, "m") == {
        "score": 1,
        "input_tokens": 10,
        "output_tokens": 5,
        "dollars": 0.5,
    }


def test_a_column_in_the_known_letters_comes_first_and_two_in_others_are_neither(tmp_path: Path) -> None:
    both = read_outcomes(write(tmp_path, "prompt,PROMPT,strong_score,weak_score\nq,other,1,0\n"))
    assert list(both.outcomes.prompts) == ["q"]
    with pytest.raises(FormatError, match="scored: no 'prompt'"):
        read_outcomes(write(tmp_path, "Prompt,PROMPT,strong_score,weak_score\nq,other,1,0\n"))


@pytest.mark.parametrize("side", ["strong", "weak"])
def test_one_of_the_two_scores_is_one_models_grades(tmp_path: Path, side: str) -> None:
    outcomes = read_outcomes(write(tmp_path, f"prompt,{side}_score\nq,1\n")).outcomes
    assert outcomes.models == (side,)
    assert outcomes.can_compute.missing["quality"] == "1 model here, and a comparison needs two"


def test_a_prompt_may_be_messages_and_text_is_never_taken_for_them(tmp_path: Path) -> None:
    messages = [
        {"role": "system", "content": "s"},
        {"role": "user", "content": [{"type": "text", "text": "q"}]},
    ]
    lines = [
        json.dumps({"prompt": given, "strong_score": 1, "weak_score": 0})
        for given in (messages, str(messages))
    ]
    (tmp_path / "x.jsonl").write_text("\n".join(lines), "utf-8")
    assert list(read_outcomes(tmp_path / "x.jsonl").outcomes.prompts) == ["q", str(messages)]


def test_a_log_with_tokens_and_no_grade_is_read(tmp_path: Path) -> None:
    path = write(
        tmp_path, "prompt,model,prompt_tokens,completion_tokens\nq,big,10,30\nq,small,10,20\nr,big,5,6\n"
    )
    outcomes = read_outcomes(path).outcomes
    assert outcomes.models == ("big", "small")
    assert column(outcomes, "output_tokens", "big") == [30, 6]
    assert column(outcomes, "output_tokens", "small") == [20, None]
    assert column(outcomes, "score", "big") == [None, None]


def test_a_pair_with_costs_and_no_grades_is_read(tmp_path: Path) -> None:
    path = write(tmp_path, "prompt,strong_cost,weak_cost\nq,.02,.001\nr,,.002\ns,,\n")
    reading = read_outcomes(path)
    assert column(reading.outcomes, "dollars", "strong") == [0.02, None]
    assert column(reading.outcomes, "dollars", "weak") == [0.001, 0.002]
    assert reading.left_out == {"no tokens or cost that are numbers": 1}
