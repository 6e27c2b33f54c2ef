"""exploration.py: a small share by lot, never against a rule, with the probability of what was chosen."""

import json
import pickle
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from shared_router import (
    ArtifactSchemaError,
    DriftMonitor,
    Exploration,
    InvalidInputError,
    RoutingDecision,
    RoutingPolicy,
    RoutingRequest,
    ScoreQuantiles,
)
from shared_router.routers.random import RandomRouter
from shared_router.testing import FixedRouter

N = 20_000


def policy(explore: Any = 0.05, score: float = 0.9, **rules: Any) -> RoutingPolicy:
    return RoutingPolicy(FixedRouter(score), threshold=0.5, explore=explore, **{"explore_seed": 0, **rules})


class ThreeModels(RoutingPolicy):
    models = ("best", "fair", "cheap")

    def choose(self, win_probability: float, threshold: float, candidates: tuple[str, ...]) -> str:
        return candidates[0]


def test_nothing_is_drawn_by_lot_unless_asked() -> None:
    decision = RoutingPolicy(FixedRouter(0.9), threshold=0.5).decide("x")
    assert (decision.reason, decision.propensity) == ("score", None)
    assert policy(0).decide("x").propensity is None


def test_a_share_is_drawn_and_half_of_it_goes_where_the_score_would_not() -> None:
    """0.05 of 20,000 are 1,000 with a deviation of 31, of which 500 +- 16 go to each model."""
    decided = policy().decide_many(["x"] * N)
    drawn = Counter(each.model for each in decided if each.reason == "explore")
    assert abs(drawn.total() - 1000) < 4 * 31
    assert abs(drawn["weak"] - 500) < 4 * 22
    assert {each.model for each in decided if each.reason == "score"} == {"strong"}


def test_the_propensity_is_that_of_the_model_chosen_whether_it_was_drawn_or_not() -> None:
    """e = 0.04, k = 2: 0.04 / 2 for the other model, 0.02 + 0.96 for the score's."""
    seen = {(each.model, round(each.propensity or 0, 12)) for each in policy(0.04).decide_many(["x"] * N)}
    assert seen == {("strong", 0.98), ("weak", 0.02)}


def test_of_three_models_each_is_drawn_alike_and_propensities_sum_to_one() -> None:
    """e = 0.03, k = 3: 0.01, 0.01 and 0.01 + 0.97."""
    three = ThreeModels(FixedRouter(0.9), explore=0.03, explore_seed=3)
    decided = three.decide_many(["x"] * N)
    by_model = {each.model: each.propensity for each in decided}
    assert by_model == pytest.approx({"best": 0.98, "fair": 0.01, "cheap": 0.01})
    counted = Counter(each.model for each in decided if each.reason == "explore")
    assert all(abs(counted[model] - 200) < 4 * 14 for model in three.models)


def test_of_two_candidates_the_third_model_is_never_drawn() -> None:
    three = ThreeModels(FixedRouter(0.9), explore=0.05, explore_seed=3)
    decided = three.decide_many([RoutingRequest("x", candidates=("fair", "cheap", "cheap"))] * N)
    assert {(each.model, each.propensity) for each in decided} == {("fair", 0.975), ("cheap", 0.025)}


@pytest.mark.parametrize(
    "request_",
    [
        RoutingRequest("x", route="weak"),
        RoutingRequest("x", sticky_to="weak"),
        RoutingRequest("x", candidates=("weak",), needs="tools"),
        RoutingRequest(None),
        RoutingRequest("x", threshold=0.95),
    ],
    ids=["route", "sticky", "capability", "no_query", "a threshold of its own"],
)
def test_a_rules_word_and_a_threshold_of_the_requests_own_are_never_drawn_against(
    request_: RoutingRequest,
) -> None:
    decided = policy(on_no_query="weak").decide_many([request_] * 2000)
    assert {(each.model, each.propensity) for each in decided} == {("weak", None)}
    assert "explore" not in {each.reason for each in decided}


@pytest.mark.filterwarnings("ignore::shared_router.RouterFallbackWarning")
def test_a_router_that_fails_is_no_reason_to_draw() -> None:
    decided = policy(score=float("nan")).decide_many(["x"] * 500)
    assert {each.reason for each in decided} == {"router_error:RouterOutputError"}


def test_a_question_the_router_knows_nothing_of_goes_where_its_rule_says() -> None:
    known = RoutingRequest("x", win_probability=0.9, coverage=0.1)
    decided = policy(on_no_coverage="weak").decide_many([known] * 2000)
    assert {(each.model, each.reason) for each in decided} == {("weak", "no_coverage")}


def test_a_score_known_from_before_is_drawn_over_too() -> None:
    decided = policy().decide_many([RoutingRequest("x", win_probability=0.2)] * N)
    assert {(each.model, each.propensity) for each in decided} == {("weak", 0.975), ("strong", 0.025)}


def test_one_seed_draws_one_sequence_and_another_another() -> None:
    def drawn(seed: int | None) -> list[str]:
        return [each.reason for each in policy(explore_seed=seed).decide_many(["x"] * 2000)]

    assert drawn(7) == drawn(7) != drawn(8)
    assert drawn(None) != drawn(None)


def test_by_question_a_question_has_one_lot_in_every_policy() -> None:
    """P(a question is drawn) = 0.05: of 20,000 questions 1,000 +- 31, the same ones at every asking."""
    questions = [f"question {i}" for i in range(N)]

    def drawn(seed: int) -> list[RoutingDecision]:
        exploration = Exploration(0.05, seed=seed, by="question")
        return policy(exploration, explore_seed=None).decide_many(questions)

    first = drawn(1)
    assert first == drawn(1) != drawn(2)
    assert abs(sum(each.reason == "explore" for each in first) - 1000) < 4 * 31


def test_threads_draw_each_lot_once() -> None:
    """Eight threads together draw what one would: the same number of explorations of 8,000."""
    alone, shared = policy(), policy()
    expected = Counter((each.reason, each.model) for each in alone.decide_many(["x"] * 8000))
    counted: list[tuple[str, str]] = []

    def ask() -> None:
        decided = [shared.decide("x") for _ in range(1000)]
        counted.extend((each.reason, each.model) for each in decided)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(counted) == expected


@pytest.mark.parametrize("explore", [0.051, 1, 2, -0.01, "0.02", True, None, float("nan")])
def test_a_share_outside_its_rule_is_refused(explore: Any) -> None:
    with pytest.raises(InvalidInputError, match=r"explore must be a share in \[0, 0.05\]"):
        policy(explore)


def test_a_seed_or_a_way_that_is_none_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="seed must be a whole number"):
        policy(explore_seed=-1)
    with pytest.raises(InvalidInputError, match="explore's by must be one of"):
        Exploration(0.02, by="user")  # type: ignore[arg-type]
    with pytest.raises(InvalidInputError, match="explore_seed must be left out"):
        policy(Exploration(0.02), explore_seed=1)


def test_a_share_may_be_assigned_while_the_program_runs() -> None:
    made = policy(0)
    made.explore = 0.05
    assert made.decide("x").propensity == 0.975
    made.explore = 0
    assert made.decide("x").propensity is None


def test_a_policy_file_holds_the_exploration_and_none_where_there_is_none(tmp_path: Path) -> None:
    plain, exploring = tmp_path / "plain.json", tmp_path / "exploring.json"
    RoutingPolicy(RandomRouter()).save(plain)
    assert "explore" not in json.loads(plain.read_text())["rules"]
    sha256 = RoutingPolicy(RandomRouter(), explore=Exploration(0.02, seed=7, by="question")).save(exploring)
    loaded = RoutingPolicy.load(exploring, router=RandomRouter())
    assert repr(loaded.explore) == "Exploration(0.02, seed=7, by='question')"
    assert loaded.save(exploring, overwrite=True) == sha256


@pytest.mark.parametrize(
    "explore", [None, 0.02, {}, {"share": 0.5, "seed": None, "by": "request"}, {"share": 0.02}], ids=str
)
def test_a_policy_file_with_another_exploration_is_refused(tmp_path: Path, explore: Any) -> None:
    path = tmp_path / "policy.json"
    RoutingPolicy(RandomRouter(), explore=0.02).save(path)
    data = json.loads(path.read_text())
    data["rules"]["explore"] = explore
    path.write_text(json.dumps(data))
    with pytest.raises(ArtifactSchemaError, match="explore breaks its rule"):
        RoutingPolicy.load(path, router=RandomRouter())


def test_a_copy_goes_on_where_the_first_has_come_to() -> None:
    made = policy()
    made.decide_many(["x"] * 100)
    copied = pickle.loads(pickle.dumps(made))
    assert made.decide_many(["x"] * 500) == copied.decide_many(["x"] * 500)


def test_a_monitor_counts_no_drawn_decision_against_a_tenant() -> None:
    """Of the scores below 0.5 none goes strong but by lot, 40 times in 2,000: nobody's doing."""
    monitor = DriftMonitor(reference=ScoreQuantiles.of([0.1, 0.2, 0.3], source="questions"))
    made = policy(score=0.2, monitor=monitor)
    decided = made.decide_many([RoutingRequest("x", tenant="acme")] * 2000)
    assert "strong" in {each.model for each in decided}
    assert [alarm for alarm in monitor.alarms if alarm.kind == "tenant"] == []
