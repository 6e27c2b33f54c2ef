from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from shared_router import (
    ArtifactSchemaError,
    DataError,
    InvalidInputError,
    NotFittedError,
    PreferenceData,
    load_embedder,
)
from shared_router.preferences.grades import Winner
from shared_router.routers.static import StaticRouter
from shared_router.routers.static_head import StaticHead
from shared_router.testing import HashEmbedder, check_router
from shared_router.training.static_head import kernel

EMBEDDER = HashEmbedder(dim=32)


def battles(n: int = 240) -> tuple[PreferenceData, list[str]]:
    """Proofs, which the strong model wins three times in four, and greetings, which it wins never."""
    queries = [f"prove theorem {i} of algebra" if i % 2 else f"greet my friend {i} nicely" for i in range(n)]
    winners: list[Winner] = ["a" if i % 2 and i % 8 != 1 else "tie" for i in range(n)]
    subjects = ["proof" if i % 2 else "greeting" for i in range(n)]
    return PreferenceData(queries, ["big"] * n, ["small"] * n, winners), subjects


def fitted(**options: float) -> StaticRouter:
    data, subjects = battles()
    return StaticRouter(EMBEDDER, **{"anchors": 20, **options}).fit(data, subjects=subjects)  # type: ignore[arg-type]


def test_the_head_is_the_formula_it_says() -> None:
    """d = 1, x = 1. Logits of two subjects: 1 * 0 + 0 and 1 * ln 3 + 0, so shares 1/4 and 3/4; rates 0 and
    0.4 give subject 0.3. One anchor at 0 weighing 2, gamma 1: likeness 2 exp(-1). b = (0.1, 1, 0)
    gives p = sigmoid(0.4); b = (0, 0, 1) gives p = sigmoid(2 / e)."""
    parts = {
        "subject_weights": np.array([[0.0, np.log(3)]], dtype=np.float64).astype(np.float16),
        "subject_bias": np.zeros(2, dtype=np.float32),
        "subject_rates": np.array([0, 0.4], dtype=np.float32),
        "anchors": np.zeros((1, 1), dtype=np.float16),
        "anchor_weights": np.array([2.0], dtype=np.float32),
    }
    x = np.ones((1, 1), dtype=np.float32)
    first = StaticHead(**parts, coefficients=np.array([0.1, 1, 0]), gamma=1.0)  # type: ignore[arg-type]
    second = StaticHead(**parts, coefficients=np.array([0.0, 0, 1]), gamma=1.0)  # type: ignore[arg-type]
    assert first.win_probability(x) == pytest.approx(1 / (1 + np.exp(-0.4)), abs=1e-4)  # W is in halves
    assert second.win_probability(x) == pytest.approx(1 / (1 + np.exp(-2 / np.e)))


def test_a_head_whose_exponents_are_beyond_floats_still_answers() -> None:
    """Logits of 0 and 2,000 leave the second subject all of it, whose rate 0.4 gives sigmoid(0.4)."""
    head = StaticHead(
        subject_weights=np.array([[0.0, 2000]]).astype(np.float16),
        subject_bias=np.zeros(2, dtype=np.float32),
        subject_rates=np.array([0, 0.4], dtype=np.float32),
        anchors=np.zeros((1, 1), dtype=np.float16),
        anchor_weights=np.array([2.0], dtype=np.float32),
        coefficients=np.array([0.0, 1, 0]),
        gamma=1.0,
    )
    one = head.win_probability(np.ones((1, 1), dtype=np.float32))
    many = head.win_probability(np.ones((3, 1), dtype=np.float32))
    assert [*one, *many] == pytest.approx([1 / (1 + np.exp(-0.4))] * 4)


def test_an_anchor_so_far_that_its_likeness_is_nothing_leaves_the_constant() -> None:
    """x = 1 and an anchor at 65,000: exp(-(64,999)^2) is 0, so b = (0.4, 0, 1) gives sigmoid(0.4)."""
    head = StaticHead(
        subject_weights=np.zeros((1, 1), dtype=np.float16),
        subject_bias=np.zeros(1, dtype=np.float32),
        subject_rates=np.zeros(1, dtype=np.float32),
        anchors=np.array([[65000.0]]).astype(np.float16),
        anchor_weights=np.array([2.0], dtype=np.float32),
        coefficients=np.array([0.4, 0, 1]),
        gamma=1.0,
    )
    one = head.win_probability(np.ones((1, 1), dtype=np.float32))
    many = head.win_probability(np.ones((3, 1), dtype=np.float32))
    assert [*one, *many] == pytest.approx([1 / (1 + np.exp(-0.4))] * 4)


def test_the_kernel_falls_with_the_squared_distance() -> None:
    """|(1, 0) - (0, 1)|^2 = 2, so exp(-3 * 2)."""
    np.testing.assert_allclose(kernel(np.eye(2), np.eye(2), 3.0), [[1, np.exp(-6)], [np.exp(-6), 1]])


def test_it_learns_which_subject_needs_the_strong_model() -> None:
    proof, greeting = fitted().win_probability(["prove theorem 7 of geometry", "greet my friend Ann"])
    assert proof > 0.5 > greeting


def test_its_mean_probability_is_the_share_of_wins() -> None:
    """A calibrated sum: of 120 proofs the 30 with i % 8 == 1 are ties, so 90 of 240 battles are wins."""
    data, _ = battles()
    assert data.winners.count("a") == 90
    assert fitted().win_probability(list(data.queries)).mean() == pytest.approx(90 / 240, abs=0.05)


def test_ties_are_read_by_name() -> None:
    """With ties as half a win the mean rises by half the share of ties: 90/240 + 75/240."""
    data, subjects = battles()
    router = StaticRouter(EMBEDDER, anchors=20, ties="half").fit(data, subjects=subjects)
    assert router.win_probability(list(data.queries)).mean() == pytest.approx(165 / 240, abs=0.05)


def test_it_learns_without_subjects_and_from_further_battles() -> None:
    data, _ = battles()
    for like in (None, data):
        router = StaticRouter(EMBEDDER, anchors=20).fit(data, like=like)
        proof, greeting = router.win_probability(["prove theorem 7 of algebra", "greet my friend nicely"])
        assert proof > greeting


def test_it_keeps_the_router_contract() -> None:
    check_router(fitted())


def test_the_same_battles_give_the_same_bits() -> None:
    np.testing.assert_array_equal(fitted().win_probability(["a"]), fitted().win_probability(["a"]))


def test_a_checkpoint_behind_another_embedder_is_refused(tmp_path: Path) -> None:
    fitted().save(tmp_path)
    with pytest.raises(ArtifactSchemaError, match="the embedder it was trained with"):
        StaticRouter.load(tmp_path, embedder=HashEmbedder(dim=32, seed=1))


def test_a_checkpoint_without_its_embedder_is_refused(tmp_path: Path) -> None:
    fitted().save(tmp_path)
    with pytest.raises(ArtifactSchemaError):
        StaticRouter.load(tmp_path)


def test_an_unfitted_router_says_so(tmp_path: Path) -> None:
    with pytest.raises(NotFittedError, match="call fit or load"):
        StaticRouter().win_probability(["a"])
    with pytest.raises(NotFittedError, match="call fit"):
        StaticRouter().save(tmp_path)


def test_battles_that_all_end_alike_teach_nothing() -> None:
    data = PreferenceData(["a", "b"], ["x"] * 2, ["y"] * 2, ["tie", "b"])
    with pytest.raises(DataError, match="end alike"):
        StaticRouter(EMBEDDER).fit(data)


def test_battles_about_one_query_teach_nothing() -> None:
    data = PreferenceData(["a", "a"], ["x"] * 2, ["y"] * 2, ["a", "b"])
    with pytest.raises(DataError, match="two queries or more, got one"):
        StaticRouter(EMBEDDER).fit(data)


@pytest.mark.parametrize("option", ["anchors", "gamma", "ridge", "subject_penalty"])
def test_options_outside_their_range_are_refused(option: str) -> None:
    with pytest.raises(InvalidInputError, match=f"{option} must be > 0"):
        fitted(**{option: 0})


def test_subjects_must_be_one_per_battle() -> None:
    with pytest.raises(InvalidInputError, match="one per battle"):
        StaticRouter(EMBEDDER).fit(battles()[0], subjects=["one"])


class RemoteEmbedder:
    """An embedder that says nothing of how long it takes, as most do."""

    dim = 2

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.zeros((len(texts), 2), dtype=np.float32)


def test_it_blocks_a_loop_where_its_embedder_may() -> None:
    assert not StaticRouter().blocking
    assert not StaticRouter(load_embedder()).blocking
    assert StaticRouter(RemoteEmbedder()).blocking


def test_it_says_how_near_queries_are_to_the_training_queries_that_it_keeps() -> None:
    router = fitted(anchors=240)
    seen, unseen = router.training_similarity(["prove theorem 7 of algebra", "quite another thing"])  # type: ignore[misc]
    assert seen == pytest.approx(1, abs=1e-3)
    assert unseen < 0.7
    assert StaticRouter(EMBEDDER).training_similarity(["x"]) is None


def test_without_subjects_the_rate_of_all_is_no_sign() -> None:
    """Each fold's rate falls where the held-out wins rise; learned as a sign, it had a slope below -1."""
    data, _ = battles(100)
    head = StaticRouter(EMBEDDER, anchors=20).fit(data).head_
    assert head is not None
    assert head.coefficients[1] == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_half_of_new_queries_reach_the_default_threshold_even_where_little_was_learned(seed: int) -> None:
    """Outcomes by lot: scores hardly differ, so that a threshold on another scale would send all or none."""
    rng = np.random.default_rng(seed)
    words = [f"word{i}" for i in range(200)]
    queries = [" ".join(rng.choice(words, 8)) for _ in range(600)]
    winners: list[Winner] = ["a" if won else "b" for won in rng.random(300) < 0.3]
    data = PreferenceData(queries[:300], ["big"] * 300, ["small"] * 300, winners)
    router = StaticRouter(EMBEDDER, anchors=100).fit(data)
    assert router.score_quantiles_ is not None
    share = np.mean(router.win_probability(queries[300:]) >= router.score_quantiles_.threshold(0.5))
    assert 0.3 < share < 0.7
