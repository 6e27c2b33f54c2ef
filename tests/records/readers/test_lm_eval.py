"""records/readers/lm_eval.py: the harness's samples."""

import pytest

from shared_router import DataError, UnknownNameError
from tests.records.fixtures import PROMPTS, column, read


def test_models_are_joined_by_document_and_the_metric_is_named() -> None:
    """The small model's first answer is right by the flexible filter, wrong by the strict one."""
    strict = read("lm_eval", score="exact_match,strict-match")
    outcomes = strict.outcomes
    assert (strict.formats, outcomes.models) == (("lm_eval",), ("org/big", "org/small"))
    assert list(outcomes.prompts) == [f"Question: {prompt}\nAnswer:" for prompt in PROMPTS[:2]]
    assert column(outcomes, "score", "org/small") == [0, 1]
    assert outcomes.answers("org/big") == ["4", "4"]
    assert outcomes.domains == ["sums", "sums"]
    assert strict.repeated == 0
    assert strict.left_out == {
        "a file in a format that no reader knows": 2,
        "no score that is a number": 2,
    }
    flexible = read("lm_eval", score="exact_match,flexible-extract").outcomes
    assert column(flexible, "score", "org/small") == [1, None]


def test_of_several_names_an_answers_first_is_taken() -> None:
    names = ["exact_match,flexible-extract", "exact_match,strict-match"]
    assert column(read("lm_eval", score=names).outcomes, "score", "org/small") == [1, 1]


def test_which_of_several_metrics_is_meant_is_not_guessed() -> None:
    with pytest.raises(DataError, match=r"must be said, got \['exact_match,flexible-extract', '"):
        read("lm_eval")
    with pytest.raises(UnknownNameError, match=r"a score must be one of .*, got \['acc'\]"):
        read("lm_eval", score="acc")
