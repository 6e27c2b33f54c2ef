"""preferences/arena.py: Chatbot Arena's own columns."""

import json
from pathlib import Path
from typing import Any

import pytest

from shared_router import DataError, PreferenceData, SkippedRowsWarning
from tests.records.fixtures import FOLDER, PROMPTS

BATTLE = {"model_a": "gpt", "model_b": "mix", "prompt": json.dumps(["Why?", "And then?"])}


def one_hot(a: object, b: object, tie: object) -> dict[str, Any]:
    return {**BATTLE, "winner_model_a": a, "winner_model_b": b, "winner_tie": tie}


def test_the_55k_layout_is_read_and_a_vote_for_nobody_is_a_bad_row() -> None:
    with pytest.raises(DataError, match="line 5: of winner_model_a, winner_model_b and winner_tie one"):
        PreferenceData.from_file(FOLDER / "arena_55k.csv")
    with pytest.warns(SkippedRowsWarning, match="skipped 1 of 4 rows"):
        data = PreferenceData.from_file(FOLDER / "arena_55k.csv", on_bad_rows="skip", max_bad_fraction=0.3)
    assert data == PreferenceData(
        PROMPTS,
        ["gpt-4-1106-preview", "vicuna-13b", "vicuna-13b"],
        ["vicuna-13b", "koala-13b", "koala-13b"],
        ["a", "tie", "b"],
    )


def test_the_33k_layout_is_read() -> None:
    data = PreferenceData.from_file(FOLDER / "arena_33k.jsonl")
    assert (list(data.queries), list(data.winners)) == (PROMPTS, ["b", "tie", "tie"])


@pytest.mark.parametrize("ending", ["jsonl", "csv", "parquet"])
def test_every_format_may_hold_one_hot_winners_and_turns(tmp_path: Path, ending: str) -> None:
    import pandas as pd

    frame = pd.DataFrame([one_hot(1, 0, 0), one_hot(0, 1, 0), one_hot(0, 0, 1)])
    path = tmp_path / f"x.{ending}"
    if ending == "jsonl":
        frame.to_json(path, orient="records", lines=True)
    elif ending == "csv":
        frame.to_csv(path, index=False)
    else:
        frame.to_parquet(path)
    data = PreferenceData.from_file(path)
    assert (list(data.queries), list(data.winners)) == (["Why?"] * 3, ["a", "b", "tie"])
    assert PreferenceData.from_file(path, columns={"query": "prompt"}) == data


@pytest.mark.parametrize(
    ("values", "winner"),
    [
        ((True, False, False), "a"),
        (("0", "1", "0"), "b"),
        (("0.0", "0.0", "1.0"), "tie"),
        ((1.0, 0, None), "a"),
    ],
)
def test_a_one_may_be_written_in_many_ways(values: tuple[object, object, object], winner: str) -> None:
    assert PreferenceData.from_rows([one_hot(*values)]).winners == [winner]


@pytest.mark.parametrize(
    "values", [(1, 1, 0), (0, 0, 0), (2, 0, 0), ("yes", 0, 0), ([1], 0, 0), (0.5, 0.5, 0)]
)
def test_no_single_winner_is_refused(values: tuple[object, object, object]) -> None:
    with pytest.raises(DataError, match="row 0: of winner_model_a, winner_model_b and winner_tie one"):
        PreferenceData.from_rows([one_hot(*values)])


@pytest.mark.parametrize(
    ("prompt", "query"),
    [
        ("Why?", "Why?"),
        (["Why?", "And?"], "Why?"),
        ('["Why?"]', "Why?"),
        ('[{"role": "user", "content": "Why?"}]', "Why?"),
        ("[1, 2] is a list?", "[1, 2] is a list?"),
        ("[1, 2]", "[1, 2]"),
    ],
)
def test_a_prompt_is_its_first_turn_and_any_other_text_is_left_as_it_is(prompt: object, query: str) -> None:
    assert PreferenceData.from_rows([{**BATTLE, "prompt": prompt, "winner": "a"}]).queries == [query]


@pytest.mark.parametrize("prompt", ["[]", "[null]", [], [None], '[{"content": null}]', ""])
def test_no_first_turn_is_refused(prompt: object) -> None:
    with pytest.raises(DataError, match="row 0: a query must be text that is not blank"):
        PreferenceData.from_rows([{**BATTLE, "prompt": prompt, "winner": "a"}])


def test_a_query_that_is_a_list_in_json_is_a_query(tmp_path: Path) -> None:
    """What `to_jsonl` writes reads back equal."""
    data = PreferenceData(['["Why?"]'], ["gpt"], ["mix"], ["a"])
    data.to_jsonl(tmp_path / "x.jsonl")
    assert PreferenceData.from_file(tmp_path / "x.jsonl") == data


def test_a_named_winner_comes_before_one_hot_columns() -> None:
    assert PreferenceData.from_rows([{**one_hot(1, 0, 0), "winner": "b"}]).winners == ["b"]
