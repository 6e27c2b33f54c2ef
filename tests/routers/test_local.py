"""A router that learns from a few grades: what it takes from them, and what it leaves as it was."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from shared_router import (
    ArtifactSchemaError,
    DataError,
    InvalidInputError,
    NotFittedError,
    Outcomes,
    PreferenceData,
    Router,
    RoutingPolicy,
    UnknownNameError,
    load_router,
)
from shared_router.learners.ranked import rank_value
from shared_router.routers.knn import KNNRouter
from shared_router.routers.local import LocalRouter
from shared_router.routers.local_fit import _tree_share
from shared_router.routers.random import RandomRouter
from shared_router.testing import FixedRouter, HashEmbedder, check_router
from tests.routers.data import three_models, two_models

KINDS = ("prove the theorem", "greet the guest", "sum the list", "name the river")


class ShortEmbedder(HashEmbedder):
    """Embed the first 500 characters: a million of them take seconds, and are cut before a real router."""

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return super().embed([text[:500] for text in texts])


def made(**options: Any) -> LocalRouter:
    return LocalRouter(ShortEmbedder(24), **{"prior": None, "trim": None, "seed": 0, **options})


def traffic(n: int, *, seed: int = 0) -> list[str]:
    """Return prompts of four kinds in turn, no two alike."""
    rng = np.random.default_rng(seed)
    return [
        f"{KINDS[i % 4]} {' '.join(map(str, rng.integers(0, 999, 1 + i % 3)))} no {seed}-{i}"
        for i in range(n)
    ]


def graded(n: int, *, seed: int = 0, flipped: float = 0.0) -> Outcomes:
    """The strong model alone is right on proofs, both on all else; some grades are turned round."""
    rng = np.random.default_rng(seed)
    hard = np.arange(n) % 4 == 0
    weak = np.where(rng.random(n) < flipped, hard, ~hard)
    return Outcomes.from_columns(traffic(n, seed=seed), {"strong": np.ones(n), "weak": weak.astype(float)})


def tell_apart(router: Router, n: int = 400) -> float:
    """How often a new proof's probability is above another new prompt's."""
    p = router.win_probability(traffic(n, seed=99))
    hard = np.arange(n) % 4 == 0
    return float((p[hard][:, None] > p[~hard]).mean())


def test_sixty_grades_tell_which_kind_of_prompt_needs_the_strong_model() -> None:
    assert tell_apart(made().fit(graded(60))) > 0.95


def test_a_fifth_of_the_grades_turned_round_does_little_harm() -> None:
    assert tell_apart(made().fit(graded(200, flipped=0.2))) > 0.9


def test_grades_that_tell_nothing_leave_the_priors_ranking_nearly_as_it_was() -> None:
    """Grades drawn by chance; the prior ranks by the prompt's last digit."""
    prior = FixedRouter(lambda query: (int(query[-1]) + 1) / 12)
    prompts, rng = traffic(60), np.random.default_rng(4)
    outcomes = Outcomes.from_columns(
        prompts, {"strong": rng.integers(0, 2, 60).astype(float), "weak": np.zeros(60)}
    )
    router = made(prior=prior).fit(outcomes)
    asked = traffic(300, seed=7)
    assert np.corrcoef(router.win_probability(asked), prior.win_probability(asked))[0, 1] > 0.4


def test_grades_take_the_place_of_a_prior_that_is_wrong() -> None:
    prior = FixedRouter(lambda query: 0.2 if query.startswith("prove") else 0.8)
    assert tell_apart(made(prior=prior).fit(graded(200))) > 0.9


def test_probabilities_are_those_of_a_win() -> None:
    """One prompt in four is won; the sigmoid has its constant free, so its mean is that."""
    router = made().fit(graded(200))
    p = router.win_probability(traffic(400, seed=99))
    assert p.mean() == pytest.approx(0.25, abs=0.04)
    assert p[::4].mean() > 0.8


def test_battles_and_grades_teach_the_same() -> None:
    outcomes = graded(60)
    battles = PreferenceData.from_correctness(
        outcomes.prompts, outcomes.scores("strong").tolist(), outcomes.scores("weak").tolist()
    )
    asked = traffic(20, seed=3)
    by_grades, by_battles = made().fit(outcomes), made().fit(battles)
    assert np.array_equal(by_grades.win_probability(asked), by_battles.win_probability(asked))


def test_the_policy_sends_half_of_held_out_prompts_strong_by_default() -> None:
    router = made().fit(graded(100))
    assert router.score_quantiles_ is not None
    assert router.score_quantiles_.n_queries == 100
    assert RoutingPolicy(router).threshold == router.score_quantiles_.threshold(0.5)


@pytest.mark.parametrize("prior", [None, RandomRouter(), KNNRouter(ShortEmbedder(24), k=5).fit(two_models())])
@pytest.mark.parametrize("data", [two_models(), three_models()], ids=["two_models", "three_models"])
def test_it_keeps_the_router_contract(prior: Router | None, data: PreferenceData) -> None:
    check_router(made(prior=prior).fit(data), queries=data.queries[:5])


def test_it_keeps_the_contract_with_all_that_ships() -> None:
    check_router(LocalRouter().fit(graded(60)), queries=traffic(5))


def test_a_saved_router_is_loaded_by_its_folder_with_its_report_and_its_prior(tmp_path: Path) -> None:
    router = LocalRouter(seed=3).fit(graded(40))
    pin = router.save(tmp_path / "mine")
    again = load_router(tmp_path / "mine", expected_sha256=pin)
    assert isinstance(again, LocalRouter)
    assert np.array_equal(again.win_probability(KINDS), router.win_probability(KINDS))
    assert again.report_ == router.report_
    assert again.prior is not None
    assert type(again.prior) is type(load_router())
    assert (again.seed, again.strong, again.weak) == (3, "strong", "weak")


def test_a_checkpoint_holds_no_prompt(tmp_path: Path) -> None:
    made(prior=RandomRouter()).fit(graded(40)).save(tmp_path)
    assert not any(b"theorem" in path.read_bytes() for path in tmp_path.iterdir())


class ReadsToo(FixedRouter):
    """A router that gives the embeddings it reads, and counts how often it is asked."""

    embedder = HashEmbedder(8)
    asked = 0

    def scored_with_vectors(self, queries: Sequence[str]) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
        self.asked += 1
        return self.win_probability(queries), self.embedder.embed(queries)


def test_a_prompt_is_embedded_once_for_the_router_and_its_prior() -> None:
    prior = ReadsToo(lambda query: len(query) / 100)
    router = LocalRouter(prior=prior).fit(graded(40))
    assert router.embedder is prior.embedder
    before = prior.asked
    router.win_probability(["Prove it.", "Hello."])
    assert prior.asked == before + 1


def test_a_prior_that_is_no_arrays_cannot_be_saved_along(tmp_path: Path) -> None:
    router = made(prior=FixedRouter(0.5)).fit(graded(40))
    with pytest.raises(InvalidInputError, match="cannot be saved"):
        router.save(tmp_path / "fixed")
    with pytest.raises(InvalidInputError, match="arrays alone"):
        made(prior=made().fit(graded(40))).fit(graded(40)).save(tmp_path / "local")


def test_a_checkpoint_behind_another_embedder_is_refused(tmp_path: Path) -> None:
    made().fit(graded(40)).save(tmp_path)
    with pytest.raises(ArtifactSchemaError, match="answer the probe"):
        LocalRouter.load(tmp_path, embedder=HashEmbedder(24, seed=1))
    with pytest.raises(ArtifactSchemaError, match="shape"):
        LocalRouter.load(tmp_path, embedder=HashEmbedder(12))
    with pytest.raises(ArtifactSchemaError, match="given the embedder"):
        LocalRouter.load(tmp_path)


def test_the_same_rows_and_seed_give_the_same_bits() -> None:
    one, two = (made().fit(graded(60)).win_probability(KINDS) for _ in range(2))
    assert np.array_equal(one, two)
    assert not np.array_equal(one, made(seed=1).fit(graded(60)).win_probability(KINDS))


def test_further_grades_are_learned_as_if_all_had_come_at_once() -> None:
    """The first 60 rows, then the last 60 with 20 of the first again: those count twice."""
    outcomes = graded(120)
    router = made(keep_rows=True).fit(outcomes.select(range(60)))
    router.partial_fit(outcomes.select([*range(60, 120), *range(20)]))
    at_once = made().fit(outcomes.select([*range(120), *range(20)]))
    assert np.array_equal(router.win_probability(KINDS), at_once.win_probability(KINDS))


def test_a_saved_router_that_keeps_its_rows_learns_on(tmp_path: Path) -> None:
    outcomes = graded(80)
    made(keep_rows=True).fit(outcomes.select(range(60))).save(tmp_path)
    assert not any(b"theorem" in path.read_bytes() for path in tmp_path.iterdir())
    router = LocalRouter.load(tmp_path, embedder=ShortEmbedder(24)).partial_fit(outcomes.select([70]))
    assert router.report_ is not None
    assert router.report_.n == 61


def test_a_router_that_keeps_no_rows_says_how_to_keep_them(tmp_path: Path) -> None:
    made().fit(graded(40)).save(tmp_path)
    for router in (made(), made().fit(graded(40)), LocalRouter.load(tmp_path, embedder=ShortEmbedder(24))):
        with pytest.raises(NotFittedError, match="keep_rows=True"):
            router.partial_fit(graded(20, seed=1))


def test_equal_prompts_count_as_one_and_are_never_on_both_sides_of_a_fold() -> None:
    """Random grades, each given three times: torn, the copies would tell them; joined, nothing can."""
    rng = np.random.default_rng(0)
    prompts, strong = traffic(80) * 3, np.tile(rng.integers(0, 2, 80), 3).astype(float)
    router = made().fit(Outcomes.from_columns(prompts, {"strong": strong, "weak": np.zeros(240)}))
    assert router.report_ is not None
    assert router.report_.n == 80
    assert not router.report_.better_than_chance


def test_rows_of_one_domain_with_nothing_to_tell_are_told_from_none() -> None:
    rng = np.random.default_rng(1)
    prompts = [f"prove the theorem {i}" for i in range(60)]
    router = made().fit(
        Outcomes.from_columns(prompts, {"strong": rng.integers(0, 2, 60).astype(float), "weak": np.zeros(60)})
    )
    assert np.ptp(router.win_probability(prompts)) < 0.5


def test_a_fit_that_fails_leaves_the_router_as_it_was() -> None:
    router = made().fit(graded(40))
    before = router.win_probability(KINDS)
    with pytest.raises(DataError):
        router.fit(graded(8))
    assert np.array_equal(router.win_probability(KINDS), before)


@pytest.mark.parametrize("outcome", [(1, 1), (1, 0), (0, 0), (0, 1)])
def test_grades_that_all_end_alike_teach_nothing(outcome: tuple[int, int]) -> None:
    scores = {"strong": [outcome[0]] * 40, "weak": [outcome[1]] * 40}
    with pytest.raises(DataError, match="must not all end alike, and on all 40"):
        made().fit(Outcomes.from_columns(traffic(40), scores))


@pytest.mark.parametrize("n", [1, 5, 19])
def test_too_few_prompts_are_refused_with_what_is_needed(n: int) -> None:
    with pytest.raises(DataError, match=f"20 distinct graded prompts or more, better 100, got {n}"):
        made().fit(graded(n))


def test_a_hundred_thousand_equal_prompts_are_one() -> None:
    scores = {"strong": [1, 0] * 50_000, "weak": [0] * 100_000}
    with pytest.raises(DataError, match="got 1;"):
        made().fit(Outcomes.from_columns(["Prove it."] * 100_000, scores))


def test_a_pair_that_the_rows_do_not_hold_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="gpt"):
        made(strong="gpt").fit(graded(40))
    with pytest.raises(UnknownNameError, match="gpt"):
        made(weak="gpt").fit(two_models())
    with pytest.raises(InvalidInputError, match="two models"):
        made(weak="strong").fit(graded(40))
    with pytest.raises(InvalidInputError, match="Outcomes or PreferenceData, got list"):
        made().fit([("prompt", 1, 0)])  # type: ignore[arg-type]


def test_any_pair_of_many_models_is_learned() -> None:
    assert made(strong="middle", weak="weak").fit(three_models()).report_ is not None


def test_a_strong_model_that_is_worse_is_said_so() -> None:
    outcomes = graded(60)
    swapped = made(strong="weak", weak="strong").fit(outcomes)
    assert swapped.report_ is not None
    assert swapped.report_.router is None
    assert "not surely better" in str(swapped.report_)
    assert swapped.win_probability(KINDS).max() < 0.2


def test_an_unfitted_router_says_so(tmp_path: Path) -> None:
    with pytest.raises(NotFittedError, match="call fit or load"):
        made().win_probability(["?"])
    with pytest.raises(NotFittedError, match="call fit"):
        made().save(tmp_path)
    assert made().training_similarity(["?"]) is None


def test_options_outside_their_range_are_refused() -> None:
    for anchors in (0, 1.5, True, "9"):
        with pytest.raises(InvalidInputError, match="anchors must be a whole number >= 1"):
            made(anchors=anchors)
    for seed in (-1, 1.5, None):
        with pytest.raises(InvalidInputError, match="seed must be a whole number"):
            made(seed=seed)
    with pytest.raises(InvalidInputError, match="ties"):
        made(ties="strong")


def test_it_blocks_a_loop_where_its_embedder_or_its_prior_may() -> None:
    assert not LocalRouter().blocking
    assert made().blocking
    assert LocalRouter(prior=KNNRouter(ShortEmbedder(8))).blocking


def test_it_says_how_near_prompts_are_to_those_it_learned_from() -> None:
    router = made().fit(graded(40))
    near = router.training_similarity([traffic(40)[0], "zebra"])
    assert near is not None
    assert near[0] == pytest.approx(1, abs=1e-3)
    assert near[1] < 0.9


def test_the_report_ranks_as_the_held_out_scores_do() -> None:
    router = made().fit(graded(100))
    report = router.report_
    assert report is not None
    assert report.router is not None
    assert report.length is not None
    gains = 1 - np.asarray(graded(100).scores("weak"))
    length = np.array([float(len(prompt)) for prompt in traffic(100)])
    assert report.length.apgr == pytest.approx(rank_value(length, gains).apgr)
    assert report.better_than_chance
    assert report.surely_over_length
    assert report.prior is None


def test_trees_speak_where_they_surely_mend_and_else_not() -> None:
    """Half the target as a step: 100 along it, 50 its square; all the way, but for 1 - 50 / 100^2 = .995.

    Steps of 1, 1 and -1 towards targets of 1, with the mean 1/3 taken off, go along by 2/3 + 2/3 - 4/3 = 0.
    """
    told = np.ones(200, dtype=bool)
    target = np.tile([1.0, -1.0], 100)
    assert _tree_share(target, np.zeros(200), target / 2, told) == pytest.approx(0.995)
    few = np.array([1.0, 1.0, 1.0])
    assert _tree_share(few, np.zeros(3), np.array([1.0, 1.0, -1.0]), told[:3]) == 0.0
    assert _tree_share(target, np.zeros(200), -target, told) == 0.0
    by_chance = np.random.default_rng(2).normal(size=200)
    assert _tree_share(target, np.zeros(200), by_chance, told) < 0.05


def test_the_nearest_graded_prompts_are_told_where_rows_are_kept() -> None:
    outcomes = graded(60)
    kept = made(keep_rows=True).fit(outcomes)
    nearest = kept.neighbors(outcomes.prompts[7], n=3)
    strong, weak = (outcomes.scores(model)[7] for model in ("strong", "weak"))
    assert nearest[0].similarity == pytest.approx(1.0, abs=1e-3)
    assert nearest[0].strong_won == float(strong > weak)
    assert [one.similarity for one in nearest] == sorted((one.similarity for one in nearest), reverse=True)
    assert made().fit(outcomes).neighbors(outcomes.prompts[7]) == []
