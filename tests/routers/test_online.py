"""online.py: begins as its prior, learns from each grade, forgets, and is one router however it is told."""

import copy
import pickle
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shared_router import (
    ArtifactMismatchError,
    ArtifactSchemaError,
    InvalidInputError,
    OnlineRouter,
    RoutingPolicy,
    UnknownNameError,
    load_artifact,
    load_router,
    save_artifact,
)
from shared_router.routers.random import RandomRouter
from shared_router.routers.shipped import load_folder
from shared_router.routers.source_trust import SourceTrust
from shared_router.testing import FixedRouter, HashEmbedder, check_router

PROOFS = [f"Prove the {word} theorem of number {i}" for i in range(60) for word in ("first", "second")]
VERSES = [f"Write a merry verse about the sea, number {i}, please" for i in range(120)]


def untaught(**given: Any) -> OnlineRouter:
    """Return a router without a prior, over an embedder that needs no weights."""
    return OnlineRouter(HashEmbedder(24), prior=None, **given)


def taught(**given: Any) -> OnlineRouter:
    """Teach that proofs need the strong model (1 against 0), and verses do not (1 against 1)."""
    return tell(untaught(**given))


def tell(router: OnlineRouter, *, strong_wins: float = 1.0) -> OnlineRouter:
    for place, (proof, verse) in enumerate(zip(PROOFS, VERSES, strict=True)):
        model = ("strong", "weak")[place % 2]
        router.learn_many(
            [proof, verse], [model] * 2, [strong_wins if model == "strong" else 1 - strong_wins, 1]
        )
    return router


def test_it_keeps_the_contract_before_and_after_it_has_learned() -> None:
    check_router(untaught())
    check_router(taught(), queries=PROOFS[:3])
    check_router(OnlineRouter())


def test_before_any_grade_the_ranking_is_the_priors() -> None:
    asked = [*PROOFS[:5], *VERSES[:5], "hi", "What is 2+2?"]
    prior = load_router().win_probability(asked)
    scores = OnlineRouter().win_probability(asked)
    assert np.argsort(scores, kind="stable").tolist() == np.argsort(prior, kind="stable").tolist()
    assert len(set(untaught().win_probability(asked).tolist())) == 1


def test_what_the_strong_model_is_graded_better_for_goes_strong() -> None:
    """Proofs gain 1 and verses 0: p is drawn from (1 + 0.2) / 2 upwards to 1 and downwards to 1 / 2."""
    router = tell(taught())
    proof, verse = router.win_probability(["Prove the third theorem", "Write a merry verse about the sea"])
    assert proof > 0.65 > 0.6 > 0.57 > verse


def test_one_grade_at_a_time_is_all_at_once() -> None:
    models, scores = ["strong", "weak"] * 60, [1.0, 0.0] * 60
    one, many = untaught(memory=None), untaught(memory=None)
    for query, model, score in zip(PROOFS, models, scores, strict=True):
        one.learn(query, model, score)
    many.learn_many(PROOFS, models, scores)
    np.testing.assert_allclose(one.win_probability(VERSES), many.win_probability(VERSES), atol=1e-9)
    assert one.n_learned == many.n_learned == 120


def test_it_forgets_what_has_changed() -> None:
    router = tell(tell(untaught(memory=100)), strong_wins=0.0)
    assert router.win_probability(["Prove the third theorem"])[0] < 0.45
    assert router.n_learned < 200


def test_the_less_is_known_of_a_question_the_wider_its_spread() -> None:
    router = untaught()
    before = router.spread(["Prove the third theorem"])[0]
    tell(router)
    assert router.spread(["Prove the third theorem"])[0] < before / 2


def test_its_own_threshold_sends_half_strong_also_after_it_has_learned() -> None:
    assert np.mean(OnlineRouter().win_probability(PROOFS + VERSES) < 1) > 0.4
    router = taught()
    policy = RoutingPolicy(router)
    went = [each.model for each in policy.decide_many([*PROOFS, *VERSES])]
    assert went[:120].count("strong") > 100
    assert went.count("strong") == pytest.approx(120, abs=15)


def test_what_is_saved_answers_and_learns_on_as_before(tmp_path: Path) -> None:
    router = taught(most_share=0.2)
    router.learn("Prove it", "strong", 1.0, source="ada")
    sha256 = router.save(tmp_path / "saved")
    loaded = OnlineRouter.load(tmp_path / "saved", embedder=HashEmbedder(24), expected_sha256=sha256)
    assert loaded.checkpoint_sha256 == sha256
    for each in (router, loaded, copy.deepcopy(router), pickle.loads(pickle.dumps(router))):
        each.learn_many(PROOFS[:10], ["weak"] * 10, [1.0] * 10, sources=["ada"] * 10)
        np.testing.assert_allclose(each.win_probability(PROOFS), router.win_probability(PROOFS), atol=1e-9)
    assert loaded.checkpoint_sha256 is None
    assert "ada" not in (tmp_path / "saved" / "config.json").read_text()


def test_a_shipped_prior_is_saved_along(tmp_path: Path) -> None:
    OnlineRouter(prior="static-v1").save(tmp_path / "saved")
    loaded = load_folder(tmp_path / "saved")
    assert isinstance(loaded, OnlineRouter)
    assert loaded.score_quantiles_ == OnlineRouter(prior="static-v1").score_quantiles_


@pytest.mark.parametrize(
    ("queries", "models", "scores", "sources", "error", "rule"),
    [
        (["x"], ["strong"], [1.5], None, InvalidInputError, r"a grade must be a number in \[0, 1\], got 1.5"),
        (["x"], ["strong"], [float("nan")], None, InvalidInputError, "a grade must be"),
        (["x"], ["strong"], [True], None, InvalidInputError, "got a truth value"),
        (["x"], ["strong"], [None], None, InvalidInputError, "got something that is none"),
        (["x"], ["gpt"], [1.0], None, UnknownNameError, "must be 'strong' or 'weak', got 'gpt'"),
        (["x", "y"], ["strong"], [1.0], None, InvalidInputError, "a model, a grade and a source for each"),
        ("x", ["strong"], [1.0], None, InvalidInputError, "queries must be a list of texts"),
        (["x"], ["strong"], [1.0], [7], InvalidInputError, "a source must be a name or None"),
    ],
)
def test_what_is_no_grade_is_refused_and_nothing_is_learned(
    queries: Any, models: Any, scores: Any, sources: Any, error: type[Exception], rule: str
) -> None:
    router = untaught()
    with pytest.raises(error, match=rule):
        router.learn_many(queries, models, scores, sources=sources)
    assert router.n_learned == 0


@pytest.mark.parametrize(
    ("given", "rule"),
    [
        ({"memory": 1}, "memory must be"),
        ({"memory": True}, "memory must be"),
        ({"most_share": 0}, "most_share"),
    ],
)
def test_a_setting_outside_its_rule_is_refused(given: dict[str, Any], rule: str) -> None:
    with pytest.raises(InvalidInputError, match=rule):
        untaught(**given)


def test_one_source_counts_for_its_share_alone() -> None:
    """Of 1,000 grades a source may give max(20, 0.05 * all): the 1,000 of one source count 20 to 70."""
    router = untaught(memory=None)
    counted = sum(
        router.learn(VERSES[i % 120], "weak", 1.0, source="loud" if i % 2 else f"user {i % 200}")
        for i in range(2000)
    )
    assert 1000 + 20 <= counted <= 1000 + 100


def test_a_source_that_contradicts_all_others_is_left_out() -> None:
    """A hundred honest users and one who calls every strong answer bad and every weak one good."""
    router = tell(tell(untaught()))
    last = [
        router.learn(proof, model, 0.0 if model == "strong" else 1.0, source="liar")
        for proof, model in zip(PROOFS, ["strong", "weak"] * 60, strict=True)
    ]
    assert sum(last[30:]) == 0
    honest = [
        router.learn(proof, model, 1.0 if model == "strong" else 0.0, source="honest")
        for proof, model in zip(PROOFS[:15], ["strong", "weak"] * 8, strict=False)
    ]
    assert sum(honest) == 15


def test_two_processes_share_what_both_have_learned(tmp_path: Path) -> None:
    one, other, both = (untaught(memory=None) for _ in range(3))
    models, scores = ["strong", "weak"] * 60, [1.0, 0.0] * 60
    one.learn_many(PROOFS, models, scores)
    other.learn_many(VERSES, models, [1.0] * 120)
    both.learn_many([*PROOFS, *VERSES], models * 2, [*scores, *([1.0] * 120)])
    for router in (one, other, one, other, one):
        router.share(tmp_path / "shared")
    for router in (one, other):
        np.testing.assert_allclose(router.win_probability(VERSES), both.win_probability(VERSES), atol=1e-9)
        assert router.n_learned == pytest.approx(240)
    one.learn("Prove it", "strong", 1.0)
    one.share(tmp_path / "shared")
    other.share(tmp_path / "shared")
    assert other.n_learned == pytest.approx(241)


def test_a_share_that_cannot_be_written_loses_nothing(tmp_path: Path) -> None:
    router, reference = taught(memory=None), taught(memory=None)
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared" / "somebody's").write_text("x")
    with pytest.raises(Exception, match="shared"):
        router.share(tmp_path / "shared")
    np.testing.assert_allclose(router.win_probability(PROOFS), reference.win_probability(PROOFS), atol=1e-9)
    router.share(tmp_path / "other")
    assert router.n_learned == pytest.approx(240)


def test_routers_of_other_settings_do_not_share(tmp_path: Path) -> None:
    untaught().share(tmp_path / "shared")
    with pytest.raises(ArtifactMismatchError, match=r"with other \['memory'\]"):
        untaught(memory=7).share(tmp_path / "shared")
    RandomRouter().save(tmp_path / "random")
    with pytest.raises(ArtifactMismatchError, match="router/random"):
        untaught().share(tmp_path / "random")


def test_threads_that_tell_and_ask_lose_no_grade() -> None:
    router = untaught(memory=None)

    def work() -> None:
        for proof in PROOFS[:50]:
            router.learn(proof, "strong", 1.0)
            assert 0 <= router.win_probability([proof])[0] <= 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert router.n_learned == 200


@pytest.mark.parametrize("name", ["moments", "products", "recent", "sources.keys", "sources.rows"])
def test_a_checkpoint_of_other_arrays_is_refused(tmp_path: Path, name: str) -> None:
    taught().save(tmp_path / "saved")
    artifact = load_artifact(tmp_path / "saved")
    tensors = {**artifact.tensors, name: np.zeros((3, 3), np.float32)}
    save_artifact(tmp_path / "bad", type(artifact)(artifact.kind, artifact.settings, tensors))
    with pytest.raises(ArtifactSchemaError):
        OnlineRouter.load(tmp_path / "bad", embedder=HashEmbedder(24))


def test_a_source_that_has_said_less_than_nothing_is_refused(tmp_path: Path) -> None:
    """It would be found at the next grade, in the root of how much it has said."""
    router = untaught()
    router.learn("q", "strong", 1.0, source="a")
    router.save(tmp_path)
    artifact = load_artifact(tmp_path)
    tensors = {**artifact.tensors, "sources.rows": -artifact.tensors["sources.rows"] - 1}
    save_artifact(tmp_path, type(artifact)(artifact.kind, artifact.settings, tensors), overwrite=True)
    with pytest.raises(ArtifactSchemaError, match="what it has said must be numbers >= 0"):
        OnlineRouter.load(tmp_path, embedder=HashEmbedder(24))


def test_a_source_that_has_been_silent_for_millions_of_grades_is_saved(tmp_path: Path) -> None:
    """Its age, 2,000,000, is beyond the 1,000,000 that a checkpoint's numbers may be."""
    router = untaught()
    router.learn("q", "strong", 1.0, source="a")
    router._trust._now += 2_000_000
    router.save(tmp_path)
    again = SourceTrust(most_share=0.05, memory=None)
    again.restore(load_artifact(tmp_path).tensors)
    assert again.as_tensors()["sources.rows"][0, 0] == 1e6


def test_moments_that_are_no_sum_of_squares_are_refused(tmp_path: Path) -> None:
    taught().save(tmp_path / "saved")
    artifact = load_artifact(tmp_path / "saved")
    tensors = {**artifact.tensors, "moments": -artifact.tensors["moments"]}
    save_artifact(tmp_path / "bad", type(artifact)(artifact.kind, artifact.settings, tensors))
    with pytest.raises(ArtifactSchemaError, match="sum of squares"):
        OnlineRouter.load(tmp_path / "bad", embedder=HashEmbedder(24))


def test_a_prior_without_quantiles_leaves_the_threshold_to_the_policy() -> None:
    router = OnlineRouter(HashEmbedder(24), prior=FixedRouter(0.3))
    assert router.score_quantiles_ is None
    assert RoutingPolicy(router).threshold == 0.5
