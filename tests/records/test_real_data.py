"""Outcomes from real benchmarks, where ROUTER_DATA_DIR says where they are."""

import os
from pathlib import Path

import pytest

from shared_router import read_outcomes


def data(name: str) -> Path:
    folder = os.environ.get("ROUTER_DATA_DIR")
    if not folder:
        pytest.skip("ROUTER_DATA_DIR is not set")
    return Path(folder) / f"{name}.parquet"


@pytest.mark.parametrize(
    ("name", "scale", "n_rows", "n_prompts", "n_models"),
    [
        ("routellm_mmlu", (0, 1), 14_042, 14_042, 2),
        ("routellm_gsm8k", (0, 1), 1319, 1319, 2),
        ("routellm_mtbench", (1, 10), 160, 160, 2),
        ("llmrouter_multi", (0, 1), 54_972, 6108, 9),
        ("arena_human_33k_subset", (0, 1), 1688, 1687, 31),
    ],
)
def test_a_real_table_is_read_whole(
    name: str, scale: tuple[float, float], n_rows: int, n_prompts: int, n_models: int
) -> None:
    """The counts are those of the tables' own description; one arena vote has no winner."""
    reading = read_outcomes(data(name), scale=scale)
    assert (reading.rows, len(reading.outcomes), len(reading.outcomes.models)) == (
        n_rows,
        n_prompts,
        n_models,
    )
    assert reading.rows - sum(reading.left_out.values()) in (n_prompts, n_prompts * n_models)
    assert reading.outcomes.can_compute.quality


def test_the_strong_model_is_the_one_with_more_right_answers() -> None:
    """In this table GPT-4 has 80.6 % right and Mixtral 68.1 %."""
    outcomes = read_outcomes(data("routellm_mmlu")).outcomes
    strong, weak, shared = outcomes.can_compute.graded_pairs[0]
    assert (strong, shared) == ("gpt-4-1106-preview", 14_042)
    assert outcomes.scores(strong).mean() > outcomes.scores(weak).mean() > 0.5
