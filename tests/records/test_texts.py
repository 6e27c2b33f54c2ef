"""records/texts.py: a column of texts on little memory."""

import copy
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared_router.records.texts import Texts, TextsBuilder

TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@given(st.lists(st.none() | TEXT))
def test_texts_come_back_as_they_were(texts: list[str | None]) -> None:
    column = Texts.of(texts)
    assert list(column) == texts
    assert column == texts
    assert [column[place] for place in range(len(texts))] == texts
    assert pickle.loads(pickle.dumps(column)) == copy.deepcopy(column) == texts


def test_texts_past_the_limit_are_read_from_a_file() -> None:
    builder = TextsBuilder(spool_bytes=10)
    for number in range(100):
        builder.append(f"text {number}")
    column = builder.finish()
    assert column[99] == "text 99"
    assert list(column[5:7]) == ["text 5", "text 6"]
    assert list(column.take(np.array([7, 3, 7]))) == ["text 7", "text 3", "text 7"]


def test_a_lone_surrogate_is_refused_and_leaves_the_column_as_it_was() -> None:
    builder = TextsBuilder()
    builder.append("a")
    with pytest.raises(UnicodeEncodeError):
        builder.append("\ud800")
    assert list(builder.finish()) == ["a"]


def test_columns_of_other_texts_or_lengths_differ_and_the_repr_holds_none() -> None:
    assert Texts.of(["a"]) != ["b"]
    assert Texts.of(["a"]) != ["a", "b"]
    assert repr(Texts.of(["secret"])) == "Texts(n=1)"
