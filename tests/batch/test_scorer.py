"""One class scores a batch, in Ray, in Spark and here."""

import pickle

import numpy as np
import pandas as pd
import pyarrow as pa  # type: ignore[import-untyped]
import pytest

from shared_router import load_router
from shared_router.batch.scorer import RouterScorer
from shared_router.errors import DataError, InvalidInputError
from shared_router.routers.random import RandomRouter

PROMPTS = ["Hi!", "Prove that there are infinitely many primes."]


def test_a_batch_of_columns_gets_a_column_more() -> None:
    batch = {"prompt": np.array([*PROMPTS, None], dtype=object), "id": np.arange(3)}
    scored = RouterScorer("static-v2")(batch)
    assert list(scored) == ["prompt", "id", "win_probability"]
    assert scored["win_probability"][:2] == pytest.approx(load_router("static-v2").win_probability(PROMPTS))
    assert np.isnan(scored["win_probability"][2])


def test_it_travels_to_another_process() -> None:
    there = pickle.loads(pickle.dumps(RouterScorer("static-v1", column="q")))
    assert there({"q": PROMPTS})["win_probability"] == pytest.approx(
        load_router("static-v1").win_probability(PROMPTS)
    )


def test_an_iterator_of_frames_gives_frames_as_spark_asks() -> None:
    frames = [pd.DataFrame({"prompt": PROMPTS}), pd.DataFrame({"prompt": PROMPTS[:1]})]
    found = list(RouterScorer("static-v1").frames(iter(frames)))
    assert [list(frame.columns) for frame in found] == [["prompt", "win_probability"]] * 2
    assert [len(frame) for frame in found] == [2, 1]


def test_rows_without_the_column_are_refused_with_those_they_have() -> None:
    with pytest.raises(DataError, match=r"must have the column 'prompt', and theirs are \['text'\]"):
        RouterScorer("static-v1")({"text": PROMPTS})
    with pytest.raises(DataError, match="must have the column"):
        list(RouterScorer("static-v1").frames([pd.DataFrame({"text": PROMPTS})]))


def test_a_router_in_memory_is_refused_for_one_that_other_processes_can_load() -> None:
    with pytest.raises(InvalidInputError, match="save it and give its folder"):
        RouterScorer(RandomRouter())  # type: ignore[arg-type]


def test_a_batch_comes_back_as_what_it_came() -> None:
    scorer = RouterScorer("static-v1")
    expected = load_router("static-v1").win_probability(PROMPTS)
    frame = scorer(pd.DataFrame({"prompt": [*PROMPTS, None]}, index=[5, 6, 7]))
    assert list(frame.index) == [5, 6, 7]
    assert frame["win_probability"].to_numpy() == pytest.approx([*expected, np.nan], nan_ok=True)


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.dictionary(pa.int32(), pa.string())])
def test_an_arrow_tables_texts_are_read_whatever_type_they_have(kind: pa.DataType) -> None:
    scorer = RouterScorer("static-v1")
    expected = load_router("static-v1").win_probability(PROMPTS)
    table = scorer(pa.table({"prompt": pa.array([*PROMPTS, None], kind), "win_probability": [1, 2, 3]}))
    assert table.column_names == ["prompt", "win_probability"]
    assert table["win_probability"].to_pylist() == [*map(pytest.approx, expected), None]


def test_an_arrow_table_without_the_column_is_refused() -> None:
    with pytest.raises(DataError, match=r"must have the column 'prompt', and theirs are \['text'\]"):
        RouterScorer("static-v1")(pa.table({"text": PROMPTS}))


def test_a_long_name_of_a_column_is_not_told_whole() -> None:
    """A table without a header has somebody's words for names."""
    with pytest.raises(DataError) as told:
        RouterScorer("static-v1")({"my secret " * 100: PROMPTS})
    assert len(str(told.value)) < 200
