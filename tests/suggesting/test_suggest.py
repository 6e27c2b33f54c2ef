"""suggesting: from a log's prompts to those that are worth a grade."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from shared_router import InvalidInputError, suggest
from shared_router.suggesting import choose_rows, describe
from shared_router.testing import FixedRouter, HashEmbedder

MATHS = [
    f"Prove theorem {word} about prime numbers." for word in ("one", "two", "three", "four", "five", "six")
]
COOKS = [
    f"How long must {word} boil in salted water?" for word in ("rice", "eggs", "kale", "peas", "oats", "figs")
]


class LengthEmbedder:
    """Know nothing of a text but its length and its last two characters."""

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.array([[len(text), sum(map(ord, text[-2:]))] for text in texts], np.float32)


def picked(prompts: list[str], k: int, **options: Any) -> list[str]:
    options = {"embedder": HashEmbedder(), "router": FixedRouter(0.5), **options}
    return suggest(prompts, k, **options).prompts


def test_both_kinds_of_prompts_are_picked_first() -> None:
    first = picked(MATHS + COOKS, 2)
    assert len({prompt.startswith("Prove") for prompt in first}) == 2


def test_equal_prompts_count_once_and_blank_ones_never() -> None:
    found = suggest(
        ["hello", " Hello ", "", "\n", "bye", "HELLO"], 10, embedder=HashEmbedder(), router=FixedRouter(0.5)
    )
    assert sorted(found.prompts) == ["bye", "hello"]
    assert sorted(found.rows.tolist()) == [0, 4]
    assert (len(found), found.n_distinct, found.n_candidates) == (2, 2, 2)


def test_a_hundred_thousand_equal_prompts_are_one() -> None:
    assert picked(["the same"] * 100_000, 100) == ["the same"]


def test_one_log_and_seed_give_one_pick_whatever_its_order_of_repeats() -> None:
    log = MATHS + COOKS
    assert picked(log, 5) == picked(log, 5) == picked([*log, *log], 5)
    assert picked(log, 3) == picked(log, 5)[:3]


def test_a_prompt_is_not_picked_for_its_grade_a_second_time() -> None:
    graded = [text.upper() for text in MATHS]
    assert set(picked(MATHS + COOKS, 12, graded=graded)) == set(COOKS)


def test_what_is_graded_makes_what_is_like_it_less_useful() -> None:
    """With all cooking but one prompt graded, a proof is asked for before the last of them."""
    assert picked([*MATHS, COOKS[0]], 1, graded=COOKS[1:])[0] in MATHS


def test_of_prompts_that_differ_in_a_routers_score_alone_the_middle_and_both_ends_are_picked() -> None:
    rows = describe(np.ones((5, 2)), np.ones((5, 2)), np.array([0.1, 0.4, 0.5, 0.6, 0.9]))
    assert set(choose_rows(rows, 3, noise=0.1).tolist()) == {0, 2, 4}


def test_of_a_large_log_a_part_that_the_seed_draws_is_looked_at() -> None:
    log = [f"question {i}" for i in range(30_000)]
    options: dict[str, Any] = {"embedder": LengthEmbedder(), "router": FixedRouter(0.5)}
    first, again, other = (suggest(log, 10, seed=seed, **options) for seed in (1, 1, 2))
    assert (first.n_distinct, first.n_candidates, len(first)) == (30_000, 10_000, 10)
    assert first.prompts == again.prompts != other.prompts


def test_the_shipped_router_and_embedder_are_the_default() -> None:
    found = suggest(MATHS + COOKS, 2)
    assert len({prompt.startswith("Prove") for prompt in found.prompts}) == 2
    assert "Prove" not in repr(found)


def test_near_prompts_tell_much_of_one_another_and_far_ones_little() -> None:
    """With two prompts as anchors the products are the kernels' values: exp(-2 |a - b|^2) of embeddings.

    Unit rows at a right angle have |a - b|^2 = 2, and so exp(-4) = 0.018; the form is the same, which adds 1.
    """
    rows = describe(np.eye(2, dtype=np.float32), np.ones((2, 3)))
    assert (rows @ rows.T)[0].tolist() == pytest.approx([2.0, 1.018], abs=1e-3)


def test_length_and_score_are_slopes_beside_the_kernels() -> None:
    """Two prompts of one meaning, with scores of 0.2 and 0.8: log odds stand at -1 and 1, weighed by 0.3."""
    rows = describe(np.ones((2, 2)), np.array([[1.0, 0.0], [1.0, 0.0]]), np.array([0.2, 0.8]))
    assert rows[:, -1].tolist() == pytest.approx([-0.3, 0.3])
    assert rows[:, -2].tolist() == [0.0, 0.0]


def test_prompts_that_are_all_alike_are_described_alike() -> None:
    rows = describe(np.ones((3, 4)), np.ones((3, 2)), np.full(3, 0.5))
    assert np.allclose(rows, rows[0])


@pytest.mark.parametrize(
    ("prompts", "k", "options", "message"),
    [
        (["a"], 0, {}, "k must be a whole number >= 1, got 0"),
        (["a"], True, {}, "k must be a whole number"),
        (["a"], 2.0, {}, "k must be a whole number"),
        ("secret", 1, {}, "prompts must be a list of texts"),
        ([None], 1, {}, "prompts must be texts"),
        ([], 1, {}, "not graded yet, got none"),
        ([" "], 1, {}, "not graded yet, got none"),
        (["a"], 1, {"graded": ["A "]}, "not graded yet, got none"),
        (["a"], 1, {"seed": -1}, "seed must be"),
    ],
    ids=str,
)
def test_what_breaks_a_rule_is_refused_without_a_prompts_text(
    prompts: Any, k: Any, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidInputError, match=message) as caught:
        suggest(prompts, k, **options)
    assert "secret" not in str(caught.value)


def test_a_description_needs_numbers_of_every_prompt() -> None:
    with pytest.raises(InvalidInputError, match="must have finite numbers"):
        describe(np.ones((3, 2)), np.ones((2, 2)))
    with pytest.raises(InvalidInputError, match="must have finite numbers"):
        describe(np.full((2, 2), np.inf), np.ones((2, 2)))
