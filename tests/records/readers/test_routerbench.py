"""records/readers/routerbench.py: RouterBench saved as CSV or Parquet."""

from pathlib import Path

import pandas as pd

from shared_router import read_outcomes
from tests.records.fixtures import FOLDER, PROMPTS, column, read


def test_each_model_has_its_score_its_dollars_and_its_answer() -> None:
    reading = read("routerbench.csv")
    outcomes = reading.outcomes
    assert (reading.formats, outcomes.models) == (("routerbench",), ("gpt-4-1106-preview", "mistral-7b"))
    assert list(outcomes.prompts) == ["Answer with a number.\nWhat is 2+2?", PROMPTS[1]]
    assert column(outcomes, "score", "mistral-7b") == [0, 1]
    assert column(outcomes, "dollars", "gpt-4-1106-preview") == [0.0031, 0.003]
    assert outcomes.answers("gpt-4-1106-preview") == ["['4']", "13"]
    assert outcomes.domains == ["sums", "sums"]
    assert reading.left_out == {"no score that is a number": 1}


def test_the_same_table_as_parquet_reads_the_same(tmp_path: Path) -> None:
    pd.read_csv(FOLDER / "routerbench.csv").to_parquet(tmp_path / "x.parquet")
    assert read_outcomes(tmp_path / "x.parquet").outcomes == read("routerbench.csv").outcomes
