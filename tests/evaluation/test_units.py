import numpy as np
import pytest

from shared_router import InvalidInputError, UnknownNameError
from shared_router.errors import DataError
from shared_router.evaluation.units import units_of
from shared_router.records.outcomes import Outcomes


def outcomes(**columns: object) -> Outcomes:
    """Return five prompts of two conversations and one of none; the second was not graded for weak."""
    return Outcomes.from_columns(
        ["a", "b", "c", "d", "e"],
        {"big": [1, 1, 0, 1, 1], "small": [0, None, 0, 1, 0]},
        conversations=["x", "x", "y", "y", None],
        **columns,  # type: ignore[arg-type]
    )


def test_a_prompt_without_both_grades_is_left_out_and_counted() -> None:
    units = units_of(outcomes(), strong="big", weak="small")
    assert (list(units.pair.prompts), units.n_left_out) == (["a", "c", "d", "e"], 1)
    assert units.rows.tolist() == [0, 2, 3, 4]


def test_prompts_of_one_conversation_are_one_unit_of_the_bootstrap() -> None:
    pair = units_of(outcomes(), strong="big", weak="small").pair
    assert pair.units[1] == pair.units[2]
    assert pair.n_units == 3


def test_a_conversation_has_its_mean_score_and_its_summed_dollars() -> None:
    """x: big 1 and 1, small 0 on the one graded; y: big 0 and 1, small 0 and 1. Dollars of x: 1 + 2 and
    .1 + .2, also for the prompt without a grade."""
    dollars = {"big": [1, 2, 3, 4, 5], "small": [0.1, 0.2, 0.3, 0.4, 0.5]}
    units = units_of(outcomes(measures={"dollars": dollars}), strong="big", weak="small", unit="conversation")
    assert list(units.pair.prompts) == ["a", "c", "e"]
    assert units.pair.strong.tolist() == [1, 0.5, 1]
    assert units.pair.weak.tolist() == [0, 0.5, 0]
    assert units.pair.strong_cost.tolist() == [3, 7, 5]
    assert units.pair.weak_cost == pytest.approx([0.3, 0.7, 0.5])
    assert units.pair.in_dollars


def test_a_conversation_is_routed_by_its_earliest_prompt() -> None:
    table = outcomes(times=[9, 3, 1, 2, 5])
    units = units_of(table, strong="big", weak="small", unit="conversation")
    assert list(units.pair.prompts) == ["b", "c", "e"]


def test_one_missing_price_makes_cost_count_strong_calls() -> None:
    table = outcomes(measures={"dollars": {"big": [1, 1, 1, None, 1], "small": [1] * 5}})
    pair = units_of(table, strong="big", weak="small").pair
    assert not pair.in_dollars
    assert pair.strong_cost.tolist() == [1, 1, 1, 1]


def test_domains_are_kept_and_a_missing_one_is_said() -> None:
    assert units_of(outcomes(), strong="big", weak="small").pair.domains is None
    named = outcomes(domains=["maths", None, None, "law", "law"])
    assert units_of(named, strong="big", weak="small").pair.domains == ["maths", "(none)", "law", "law"]


def test_what_cannot_be_a_pair_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="a model must be one of"):
        units_of(outcomes(), strong="huge", weak="small")
    with pytest.raises(InvalidInputError, match="must be two models"):
        units_of(outcomes(), strong="big", weak="big")
    with pytest.raises(UnknownNameError, match="a unit must be one of"):
        units_of(outcomes(), strong="big", weak="small", unit="day")  # type: ignore[arg-type]
    log = Outcomes.from_columns(["a", "b"], {"big": [1, None], "small": [None, 1]})
    with pytest.raises(DataError, match="must be graded for 'big' and 'small', and none is for both"):
        units_of(log, strong="big", weak="small")
    with pytest.raises(InvalidInputError, match="needs outcomes with conversation ids"):
        units_of(log, strong="big", weak="small", unit="conversation")


def test_units_of_many_prompts_are_numbered_from_zero() -> None:
    units = units_of(outcomes(), strong="big", weak="small", unit="conversation")
    assert sorted(units.pair.units) == list(np.arange(3))
