"""policy_file.py and policy_saving.py: a policy as a file, for the very router that it was made for."""

import copy
import json
import pickle
import random
from pathlib import Path
from typing import Any

import pytest

from shared_router import (
    ArtifactCorruptError,
    ArtifactError,
    ArtifactExistsError,
    ArtifactMismatchError,
    ArtifactNotFoundError,
    ArtifactSchemaError,
    RoutingPolicy,
    RoutingRequest,
    ScoreQuantiles,
    UnknownNameError,
    load_router,
)
from shared_router.calibration import Interval, ThresholdChoice
from shared_router.commands.main import main
from shared_router.registry import DEFAULT_ROUTER
from shared_router.routers.knn import KNNRouter
from shared_router.routers.random import RandomRouter
from shared_router.testing import FixedRouter, HashEmbedder
from tests.routers.data import two_models

CHOICE = ThresholdChoice(
    0.25,
    0.4,
    "max_drop",
    0.02,
    n=1000,
    confidence=0.9,
    tie_share=0.5,
    seed=7,
    guaranteed=True,
    bound=0.018,
    dollars=3.5,
    quality=0.81,
    intervals={"dollars": Interval(3.0, 4.0)},
    assumptions=("The traffic stays as it was.",),
    notes=("A note.",),
    quantiles=ScoreQuantiles.of([0.1, 0.2, 0.3], source="questions of March"),
)


def saved(tmp_path: Path, **rules: Any) -> Path:
    RoutingPolicy(RandomRouter(), **rules).save(tmp_path / "policy.json")
    return tmp_path / "policy.json"


def changed(path: Path, **values: Any) -> Path:
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))
    return path


def loaded(path: Path) -> RoutingPolicy:
    return RoutingPolicy.load(path, router=RandomRouter())


def test_a_policy_file_says_what_it_was_made_of(tmp_path: Path) -> None:
    """A random router's scores are uniform: a share of 0.3 is the threshold 0.7."""
    data = json.loads(saved(tmp_path, strong_fraction=0.3, on_no_query="weak").read_text())
    assert data["threshold"] == pytest.approx(0.7)
    assert (data["version"], data["strong_fraction"], data["method"]) == (1, 0.3, "strong_fraction")
    assert data["router"] == {"name": "random", "sha256": None}
    assert data["rules"] == {
        "on_router_error": "strong",
        "on_no_query": "weak",
        "on_no_coverage": "score",
        "router_timeout": 2.0,
    }
    assert data["n"] == data["scores"]["n_queries"] == 1


@pytest.mark.parametrize(
    ("rules", "method"),
    [({}, "router"), ({"threshold": 0.6}, "threshold"), ({"strong_fraction": 0.6}, "strong_fraction")],
)
def test_a_loaded_policy_is_the_saved_one_and_saves_the_same_bytes(
    tmp_path: Path, rules: dict[str, Any], method: str
) -> None:
    path = tmp_path / "policy.json"
    sha256 = RoutingPolicy(RandomRouter(), **rules).save(path)
    policy = RoutingPolicy.load(path, router=RandomRouter(), expected_sha256=sha256)
    assert policy.threshold == RoutingPolicy(RandomRouter(), **rules).threshold
    assert json.loads(path.read_text())["method"] == method
    for each in (policy, copy.deepcopy(policy), pickle.loads(pickle.dumps(policy))):
        assert each.save(tmp_path / "again.json", overwrite=True) == sha256


def test_a_threshold_that_is_assigned_is_no_longer_what_the_file_says(tmp_path: Path) -> None:
    policy = loaded(saved(tmp_path, strong_fraction=0.3))
    policy.threshold = 0.5
    policy.save(tmp_path / "other.json")
    data = json.loads((tmp_path / "other.json").read_text())
    assert (data["threshold"], data["method"], data["strong_fraction"]) == (0.5, "threshold", 0.5)


def test_a_choice_is_saved_whole_and_explains_itself_again(tmp_path: Path) -> None:
    path = saved(tmp_path, threshold=CHOICE)
    data = json.loads(path.read_text())
    assert (data["threshold"], data["strong_fraction"], data["method"]) == (0.25, 0.4, "max_drop")
    assert (data["n"], data["confidence"], data["scores"]["source"]) == (1000, 0.9, "questions of March")
    policy = loaded(path)
    assert policy.choice == CHOICE
    assert policy.choice.explain() == CHOICE.explain()


def test_a_choice_that_splits_a_plateau_sends_its_share_of_the_ties(tmp_path: Path) -> None:
    """All score 0.25, the threshold itself, of which the choice sends a half: 1,000 +- 5 standard errors."""
    policy = RoutingPolicy(FixedRouter(0.25), threshold=CHOICE)
    queries = [f"question {i}" for i in range(2000)]
    went = [each.model for each in policy.decide_many(queries)]
    assert 1000 - 112 < went.count("strong") < 1000 + 112
    assert [each.model for each in policy.decide_many(queries)] == went
    assert policy.decide(RoutingRequest("x", threshold=0.25)).model == "strong"


def test_a_router_saved_beside_the_policy_is_found_from_it_also_when_both_have_moved(tmp_path: Path) -> None:
    before = tmp_path / "before"
    KNNRouter(embedder=HashEmbedder()).fit(two_models())
    RandomRouter().save(before / "router")
    policy = RoutingPolicy(before / "router", threshold=0.6)
    policy.save(before / "policy.json")
    before.rename(tmp_path / "after")
    moved = RoutingPolicy.load(tmp_path / "after" / "policy.json")
    assert (moved.threshold, moved.router.name) == (0.6, "random")


def test_the_shipped_router_is_known_also_where_it_was_given_as_an_object(tmp_path: Path) -> None:
    RoutingPolicy(load_router()).save(tmp_path / "policy.json")
    assert RoutingPolicy.load(tmp_path / "policy.json").decide("Why?").router == DEFAULT_ROUTER


def test_a_router_that_learned_since_is_another(tmp_path: Path) -> None:
    router = KNNRouter(embedder=HashEmbedder()).fit(two_models())
    assert router.checkpoint_sha256 is None
    sha256 = router.save(tmp_path / "router")
    assert router.checkpoint_sha256 == sha256
    assert KNNRouter.load(tmp_path / "router", embedder=HashEmbedder()).checkpoint_sha256 == sha256
    assert router.fit(two_models()).checkpoint_sha256 is None


def test_a_policy_of_another_router_is_refused_and_both_are_named(tmp_path: Path) -> None:
    RandomRouter(seed=1).save(tmp_path / "one")
    RandomRouter(seed=2).save(tmp_path / "two")
    RoutingPolicy(tmp_path / "one").save(tmp_path / "policy.json")
    with pytest.raises(
        ArtifactMismatchError, match=r"made for one \(SHA-256 \w{64}\), got .*two \(SHA-256 \w{64}"
    ):
        RoutingPolicy.load(tmp_path / "policy.json", router=tmp_path / "two")
    with pytest.raises(ArtifactMismatchError, match="made for random .*, got fixed"):
        RoutingPolicy.load(saved(tmp_path / "b"), router=FixedRouter(0.5))
    RandomRouter(seed=2).save(tmp_path / "one", overwrite=True)  # of the same name
    with pytest.raises(ArtifactMismatchError, match="made for one"):
        RoutingPolicy.load(tmp_path / "policy.json")


def test_a_router_that_is_nowhere_must_be_given(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="names 'random', which is no shipped router and no folder"):
        RoutingPolicy.load(saved(tmp_path))


def test_a_policy_of_other_models_is_refused(tmp_path: Path) -> None:
    class Three(RoutingPolicy):
        models = ("strong", "medium", "weak")

    with pytest.raises(
        ArtifactMismatchError, match=r"\['strong', 'weak'\], got \['strong', 'medium', 'weak'\]"
    ):
        Three.load(saved(tmp_path), router=RandomRouter())


def test_a_file_that_is_not_the_trusted_one_is_refused(tmp_path: Path) -> None:
    path = saved(tmp_path)
    with pytest.raises(ArtifactCorruptError, match="must have the SHA-256"):
        RoutingPolicy.load(path, router=RandomRouter(), expected_sha256="0" * 64)


def test_every_beginning_of_a_file_is_refused(tmp_path: Path) -> None:
    """A half-written file is no JSON, wherever it ends; but for the last line break, which nobody misses."""
    path = saved(tmp_path, threshold=CHOICE)
    whole = path.read_bytes()
    for length in range(0, len(whole) - 1, 37):
        path.write_bytes(whole[:length])
        with pytest.raises(ArtifactCorruptError, match="half written"):
            loaded(path)


@pytest.mark.parametrize(
    "values",
    [
        {"version": 2},
        {"version": "1"},
        {"unknown": 1},
        {"threshold": 30},
        {"threshold": "0.3"},
        {"threshold": True},
        {"strong_fraction": -0.1},
        {"method": "magic"},
        {"n": -1},
        {"n": 1.5},
        {"confidence": 95},
        {"router": {"name": "", "sha256": None}},
        {"router": {"name": "random", "sha256": "abc"}},
        {"router": "random"},
        {"models": ["strong"]},
        {"models": "strong"},
        {"rules": {}},
        {
            "rules": {
                "on_router_error": "explode",
                "on_no_query": "weak",
                "on_no_coverage": "score",
                "router_timeout": 2,
            }
        },
        {
            "rules": {
                "on_router_error": "weak",
                "on_no_query": "weak",
                "on_no_coverage": "score",
                "router_timeout": 0,
            }
        },
        {"scores": {"values": [0.5], "n_queries": 1, "source": "x"}},
        {"choice": {}},
        {"made": "\n"},
        {"made": "yesterday"},
    ],
    ids=str,
)
def test_a_value_outside_its_rule_is_refused(tmp_path: Path, values: dict[str, Any]) -> None:
    with pytest.raises(ArtifactSchemaError):
        loaded(changed(saved(tmp_path), **values))


@pytest.mark.parametrize(
    "values",
    [
        {"seed": -1},
        {"tie_share": 2},
        {"bound": "x"},
        {"target": None},
        {"n_needed": 1.5},
        {"intervals": {"dollars": [1]}},
        {"notes": ["x" * 3000]},
        {"notes": "x"},
    ],
    ids=str,
)
def test_a_choices_value_outside_its_rule_is_refused(tmp_path: Path, values: dict[str, Any]) -> None:
    path = saved(tmp_path, threshold=CHOICE)
    choice = json.loads(path.read_text())["choice"]
    with pytest.raises(ArtifactSchemaError):
        loaded(changed(path, choice={**choice, **values}))


def test_random_damage_is_refused_or_changes_nothing_but_values(tmp_path: Path) -> None:
    """Whatever a byte becomes, the file is refused with an error of ours, or is a policy within its rules."""
    path = saved(tmp_path, threshold=CHOICE)
    whole, coin = path.read_bytes(), random.Random(0)
    for _ in range(300):
        damaged = bytearray(whole)
        damaged[coin.randrange(len(whole))] = coin.randrange(256)
        path.write_bytes(damaged)
        try:
            policy = loaded(path)
        except (ArtifactError, UnknownNameError):
            continue
        assert 0 <= policy.threshold <= 1


def test_a_duplicate_key_and_a_number_that_is_none_are_refused(tmp_path: Path) -> None:
    path = saved(tmp_path)
    text = path.read_text()
    for damaged in (text.replace('"n":', '"threshold": 0.1, "n":'), text.replace('"n": 1', '"n": NaN')):
        path.write_text(damaged)
        with pytest.raises(ArtifactCorruptError):
            loaded(path)


def test_a_file_too_large_for_a_policy_is_not_read(tmp_path: Path) -> None:
    path = saved(tmp_path)
    path.write_bytes(path.read_bytes() + b" " * 70_000)
    with pytest.raises(ArtifactCorruptError, match="at most 65536 bytes"):
        loaded(path)


def test_saving_replaces_nothing_unasked_and_loading_needs_a_file(tmp_path: Path) -> None:
    path = saved(tmp_path)
    with pytest.raises(ArtifactExistsError, match="replaced only when asked"):
        RoutingPolicy(RandomRouter()).save(path)
    with pytest.raises(ArtifactNotFoundError, match="is not"):
        RoutingPolicy.load(tmp_path / "none.json")


def test_nothing_of_a_prompt_is_in_the_file(tmp_path: Path) -> None:
    policy = RoutingPolicy(load_router())
    policy.decide_many(["my secret question", "another secret"])
    policy.save(tmp_path / "policy.json")
    assert "secret" not in (tmp_path / "policy.json").read_text()


def test_the_command_routes_by_a_policy_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    RoutingPolicy(threshold=0.15).save(tmp_path / "policy.json")
    policy = str(tmp_path / "policy.json")
    assert main(["route", "--policy", policy, "--json", "What is 2+2?"]) == 0
    assert json.loads(capsys.readouterr().out)["threshold"] == 0.15
    (tmp_path / "policy.json").write_text("{")
    assert main(["route", "--policy", policy, "x"]) == 2
    assert "half written" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["route", "--policy", policy, "--threshold", "0.5", "x"])


def test_a_copy_saved_elsewhere_does_not_change_which_checkpoint_a_router_is(tmp_path: Path) -> None:
    KNNRouter(embedder=HashEmbedder()).fit(two_models()).save(tmp_path / "one")
    router = KNNRouter.load(tmp_path / "one", embedder=HashEmbedder())
    before = router.checkpoint_sha256
    router.save(tmp_path / "two")
    assert router.checkpoint_sha256 == before
