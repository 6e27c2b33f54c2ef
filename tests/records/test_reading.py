"""records/reading.py: one table from any files, and what is said where that cannot be."""

import gzip
import json
import math
from pathlib import Path

import pytest

from shared_router import (
    DataError,
    FormatError,
    InvalidInputError,
    ScaleError,
    UnknownNameError,
    read_outcomes,
)
from shared_router.records.readers import READERS
from tests.records.fixtures import FOLDER, column, read


def write(tmp_path: Path, content: str, name: str = "data.csv") -> Path:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, "utf-8")
    return path


def test_a_file_that_no_reader_knows_is_refused_with_each_readers_reason(tmp_path: Path) -> None:
    with pytest.raises(FormatError) as caught:
        read_outcomes(write(tmp_path, "prompt,label\nmy secret,1\n"))
    message = str(caught.value)
    assert message.startswith(
        "data.csv: a file must be in a format that a reader knows; tried saved: no 'outcomes'; "
    )
    assert all(f"{name}: " in message for name in READERS)
    assert "scored: neither 'strong_score' and 'weak_score' nor 'model' and 'score', and no tokens" in message
    assert "secret" not in message


def test_a_format_that_is_said_must_be_one_and_be_the_files() -> None:
    with pytest.raises(UnknownNameError, match=r"a format must be one of \['arena', .*, got 'csv'"):
        read("scored_pair.csv", format="csv")
    with pytest.raises(FormatError, match="tried helicone: no 'request_id'"):
        read("scored_pair.csv", format="helicone")
    assert read("scored_pair.csv", format="scored").formats == ("scored",)


@pytest.mark.parametrize("scale", [(1, 1), (2, 1), (0, math.inf), (math.nan, 1)])
def test_a_scale_is_a_worst_and_a_better_score(scale: tuple[float, float]) -> None:
    with pytest.raises(InvalidInputError, match="scale must be two finite numbers, worst < best"):
        read("scored_pair.csv", scale=scale)


def test_scores_are_mapped_from_the_scale_that_is_said_and_refused_outside_of_it(tmp_path: Path) -> None:
    """On 1 to 5, 2 is (2 - 1) / 4 = .25; two grades 1 and 5 have the variance 8, on [0, 1] 8 / 16 = .5."""
    path = write(tmp_path, "prompt,model,score\nq,a,2\nq,b,1\nq,b,5\n")
    outcomes = read_outcomes(path, scale=(1, 5)).outcomes
    assert column(outcomes, "score", "a") == [0.25]
    assert column(outcomes, "score", "b") == [0.5]
    assert column(outcomes, "score_variance", "b") == [0.5]
    assert outcomes.sample_scores_of("b") == [(0.0, 1.0)]
    with pytest.raises(ScaleError, match=r"must be in \[0, 1\], got 2 to 3; say their scale: --scale 1 10"):
        read_outcomes(path)
    with pytest.raises(ScaleError, match=r"must be in \[1, 2\], got 2 to 3"):
        read_outcomes(path, scale=(1, 2))


def test_costs_in_another_currency_are_refused(tmp_path: Path) -> None:
    header = "prompt,model,score,cost,currency"
    with pytest.raises(DataError, match=r"costs must be in US dollars \(USD\), got \['EUR', 'USD'\]; con"):
        read_outcomes(write(tmp_path, f"{header}\nq,a,1,.1,USD\nq,b,1,.1,eur\n"))
    assert len(read_outcomes(write(tmp_path, f"{header}\nq,a,1,.1,usd\n")).outcomes) == 1


def test_one_model_only_is_read_and_said_to_be_too_few(tmp_path: Path) -> None:
    can = read_outcomes(write(tmp_path, "prompt,model,score\nq,a,1\n")).outcomes.can_compute
    assert can.shares
    assert not can.quality
    assert can.missing["quality"] == "1 model here, and a comparison needs two"


def test_models_may_have_answered_other_prompts(tmp_path: Path) -> None:
    outcomes = read_outcomes(write(tmp_path, "prompt,model,score\nq,a,1\nq,b,0\nr,a,1\ns,c,1\n")).outcomes
    assert outcomes.models == ("a", "b", "c")
    assert outcomes.can_compute.graded_pairs == (("a", "b", 1),)


def test_rows_read_and_rows_left_out_are_all_rows(tmp_path: Path) -> None:
    lines = ["prompt,model,score", *(f"q{i},m,{'x' if i % 3 == 0 else 1}" for i in range(30)), "too,few"]
    reading = read_outcomes(write(tmp_path, "\n".join(lines)))
    assert reading.rows == 31 == len(reading.outcomes) + sum(reading.left_out.values())
    assert reading.left_out == {
        "a score that is no number": 10,
        "a row with another number of fields than the header": 1,
    }


def test_no_good_row_is_refused_with_what_was_left_out(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="got none; left out: 2 x a blank prompt"):
        read_outcomes(write(tmp_path, "prompt,model,score\n ,m,1\n,m,0\n"))


def test_paths_must_be_given_and_be_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="must be given, got none"):
        read_outcomes()
    with pytest.raises(DataError, match="missing.csv: the file must be there"):
        read_outcomes(tmp_path / "missing.csv")
    with pytest.raises(DataError, match="a folder must hold files that end in"):
        read_outcomes(tmp_path)
    write(tmp_path, "a,b\n1,2\n")
    with pytest.raises(FormatError, match="hold files that a reader knows, got none; left out: 1 x"):
        read_outcomes(tmp_path)


@pytest.mark.parametrize("name", ["a" * 5_000, "a\0b"], ids=["too long for a file", "a zero byte"])
def test_a_text_that_can_name_no_file_is_no_file(name: str) -> None:
    with pytest.raises(DataError, match="the file must be there"):
        read_outcomes(name)


def test_a_packed_file_reads_as_the_plain_one(tmp_path: Path) -> None:
    (tmp_path / "x.csv.gz").write_bytes(gzip.compress((FOLDER / "scored_pair.csv").read_bytes()))
    assert read_outcomes(tmp_path / "x.csv.gz").outcomes == read("scored_pair.csv").outcomes
    assert read_outcomes(tmp_path).outcomes == read("scored_pair.csv").outcomes


def test_answers_may_be_left_where_they_are() -> None:
    assert read("routellm_gsm8k.csv", keep_answers=False).outcomes.texts is None


def test_prompts_that_are_no_text_are_left_out(tmp_path: Path) -> None:
    rows = [{"prompt": "\ud800", "model": "m", "score": 1}, {"prompt": "q", "model": "m", "score": 1}]
    reading = read_outcomes(write(tmp_path, "\n".join(map(json.dumps, rows)), "x.jsonl"))
    assert list(reading.outcomes.prompts) == ["q"]
    assert reading.left_out == {"a lone surrogate, which is no text": 1}


@pytest.mark.parametrize("value", ["-1", "1e999", "-0.5"])
def test_a_cost_that_is_none_is_left_out_or_absent(tmp_path: Path, value: str) -> None:
    reading = read_outcomes(write(tmp_path, f"prompt,model,score,cost\nq,m,1,{value}\nr,m,1,0\n"))
    if value.startswith("-"):
        assert reading.left_out == {"dollars below 0": 1}
    else:
        assert column(reading.outcomes, "dollars", "m") == [None, 0]


def test_the_repr_of_a_reading_holds_no_prompt(tmp_path: Path) -> None:
    assert "secret" not in repr(read_outcomes(write(tmp_path, "prompt,model,score\nsecret,m,1\n")))


@pytest.mark.parametrize("content", ["prompt,strong_score,weak_score\n", "[]", '{"half": \n' * 30])
@pytest.mark.parametrize("format", [None, "scored"])
def test_a_file_without_rows_is_said_to_have_none(tmp_path: Path, content: str, format: str | None) -> None:  # noqa: A002
    (tmp_path / "x").write_text(content, "utf-8")
    with pytest.raises(
        DataError, match=r"x: .*(must begin with rows that can be read, got none|must be complete, and)"
    ):
        read_outcomes(tmp_path / "x", format=format)


def test_a_file_whose_first_rows_cannot_be_read_is_refused_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("# exported\nprompt,strong_score,weak_score\nq,1,0\n", "utf-8")
    with pytest.raises(DataError, match=r"got a row with another number of fields than the header$"):
        read_outcomes(tmp_path / "x")


def test_a_score_just_outside_the_scale_is_shown_to_be_outside(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("prompt,strong_score,weak_score\nq,1.0000001,0\n", "utf-8")
    with pytest.raises(DataError, match=r"scores must be in \[0, 1\], got 0 to 1\.0000001; say their scale"):
        read_outcomes(tmp_path / "x")


def test_equal_answers_that_are_graded_each_are_so_many_answers(tmp_path: Path) -> None:
    """Of B, B, A and B, three are for B: a majority, and labels of several answers, need each."""
    path = write(tmp_path, "prompt,model,answer,score\nq,m,B,1\nq,m,B,1\nq,m,A,0\nq,m,B,1\n")
    outcomes = read_outcomes(path).outcomes
    assert [*outcomes.answers("m"), *outcomes.samples_of("m")[0]] == ["B", "B", "A", "B"]
    assert outcomes.sample_scores_of("m") == [(1.0, 1.0, 0.0, 1.0)]


def test_a_row_that_only_says_more_of_an_answer_is_none_of_its_own(tmp_path: Path) -> None:
    """The second row has the same answer's price, which the first lacks."""
    path = write(tmp_path, "prompt,model,answer,score,cost\nq,m,B,1,\nq,m,B,,0.5\n")
    outcomes = read_outcomes(path).outcomes
    assert outcomes.samples_of("m") == [()]
    assert outcomes.dollars("m").tolist() == [0.5]
