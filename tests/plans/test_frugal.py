"""plans/frugal.py: a list chosen on graded outcomes, and kept as a file."""

import json
from pathlib import Path

import numpy as np
import pytest

from shared_router import (
    ArtifactCorruptError,
    ArtifactExistsError,
    ArtifactSchemaError,
    DataError,
    FrugalList,
    InvalidInputError,
    Outcomes,
    UnknownNameError,
    frugal_list,
)


def outcomes() -> Outcomes:
    """Return four prompts: the small model fails on the last two, and a large one never does."""
    return Outcomes.from_columns(
        ["a", "b", "c", "d"],
        {"small": [1, 1, 0, 0], "large": [1, 1, 1, 1]},
        measures={"dollars": {"small": [1.0] * 4, "large": [10.0] * 4}},
    )


RIGHT = {"small": [0.9, 0.8, 0.2, 0.1]}


def test_a_list_is_chosen_within_its_budget() -> None:
    """Asking small first, and large where risk is over 1/2, costs 1 + 10/2 = 6 and is always right."""
    found = frugal_list(outcomes(), RIGHT, budget=6.0)
    assert found == FrugalList(("small", "large"), (0.5,), budget=6.0, quality=1.0, dollars=6.0, n=4)


def test_one_model_alone_is_a_list_too() -> None:
    assert frugal_list(outcomes(), RIGHT, budget=1.0).models == ("small",)
    assert frugal_list(outcomes(), RIGHT, budget=6.0, max_models=1).models == ("small",)
    assert frugal_list(outcomes(), {}, budget=99.0).models == ("large",)
    only = outcomes().select(range(4), models=["small"])
    assert frugal_list(only, RIGHT, budget=6.0) == FrugalList(
        ("small",), (), budget=6.0, quality=0.5, dollars=1.0, n=4
    )


def test_rows_without_a_probability_are_left_out() -> None:
    found = frugal_list(outcomes(), {"small": [0.9, np.nan, 0.2, 0.1]}, budget=8.0)
    assert (found.n, found.quality) == (3, 1.0)


def test_a_budget_that_no_list_meets_is_refused_with_the_least() -> None:
    with pytest.raises(
        InvalidInputError, match=r"must reach the cheapest model \(1 dollars a prompt\), got 0.5"
    ):
        frugal_list(outcomes(), RIGHT, budget=0.5)


@pytest.mark.parametrize(
    ("probabilities", "options", "rule"),
    [
        ({"small": [0.9]}, {}, r"must be one a prompt \(4\)"),
        ({"small": ["a"] * 4}, {}, "probabilities of small must be numbers, got list"),
        ({"small": [None, {}, 0.2, 0.1]}, {}, "probabilities of small must be numbers, got list"),
        ([0.9] * 4, {}, "probabilities must be by model's name, got list"),
        ({"small": [0.9, 1.2, 0.2, 0.1]}, {}, r"must be in \[0, 1\]"),
        (RIGHT, {"budget": -1.0}, "budget must be dollars a prompt"),
        (RIGHT, {"budget": float("nan")}, "budget must be dollars a prompt"),
        (RIGHT, {"max_models": 0}, "max_models must be a whole number"),
    ],
)
def test_what_is_outside_its_rule_is_refused(
    probabilities: dict[str, list[float]], options: dict[str, float], rule: str
) -> None:
    with pytest.raises(InvalidInputError, match=rule):
        frugal_list(outcomes(), probabilities, **{"budget": 6.0, **options})  # type: ignore[arg-type]


def test_unknown_models_and_missing_dollars_are_refused() -> None:
    with pytest.raises(UnknownNameError, match="must be one of"):
        frugal_list(outcomes(), {"nobody": [0.5] * 4}, budget=6.0)
    free = Outcomes.from_columns(["a"], {"small": [1.0]})
    with pytest.raises(DataError, match="give prices"):
        frugal_list(free, {}, budget=6.0)


@pytest.mark.parametrize(
    ("models", "thresholds"), [((), ()), (("a", "a"), (0.5,)), (("a", "b"), ()), (("a", "b"), (1.5,))]
)
def test_a_list_by_hand_is_checked(models: tuple[str, ...], thresholds: tuple[float, ...]) -> None:
    with pytest.raises(InvalidInputError):
        FrugalList(models, thresholds)


def test_a_saved_list_is_read_back(tmp_path: Path) -> None:
    found = frugal_list(outcomes(), RIGHT, budget=6.0)
    found.save(tmp_path / "list.json")
    assert FrugalList.load(tmp_path / "list.json") == found
    with pytest.raises(ArtifactExistsError):
        found.save(tmp_path / "list.json")


def test_a_damaged_or_foreign_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "list.json"
    frugal_list(outcomes(), RIGHT, budget=6.0).save(path)
    content = json.loads(path.read_text())
    path.write_text(path.read_text()[:-9])
    with pytest.raises(ArtifactCorruptError, match="whole JSON"):
        FrugalList.load(path)
    for change in ({"kind": "policy"}, {"version": 2}, {"thresholds": [7]}, {"models": [1, 2]}, {"more": 1}):
        path.write_text(json.dumps({**content, **change}))
        with pytest.raises(ArtifactSchemaError):
            FrugalList.load(path)
