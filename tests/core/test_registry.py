"""registry.py: names to classes and folders to routers."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

import shared_router
from shared_router import (
    ArtifactCorruptError,
    ArtifactNotFoundError,
    ArtifactSchemaError,
    InvalidInputError,
    RoutingPolicy,
    UnknownNameError,
    load_artifact,
    load_router,
    router_class,
    router_names,
    save_artifact,
)
from shared_router.checkpoints.artifact import Artifact
from shared_router.checkpoints.card import CARD, add_card
from shared_router.registry import DEFAULT_ROUTER, recommended_threshold, saved_score_tables
from shared_router.routers.random import RandomRouter

PRETRAINED = Path(shared_router.__file__).parent / "pretrained"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    RandomRouter(seed=7).save(tmp_path)
    return tmp_path


def test_the_default_router_is_among_the_shipped_ones_and_they_are_sorted() -> None:
    assert DEFAULT_ROUTER in router_names()
    assert router_names() == sorted(router_names())


def test_a_class_is_found_by_its_name() -> None:
    assert router_class("random") is RandomRouter


def test_an_unknown_class_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UnknownNameError, match=r"'random'.*got 'mf2'"):
        router_class("mf2")


def test_a_saved_router_is_loaded_from_its_folder(folder: Path) -> None:
    for name in (folder, str(folder)):
        assert load_router(name).win_probability(["x"]) == RandomRouter(seed=7).win_probability(["x"])


def test_a_saved_router_is_loaded_with_its_pin(folder: Path) -> None:
    pin = RandomRouter(seed=7).save(folder, overwrite=True)
    assert isinstance(load_router(folder, expected_sha256=pin), RandomRouter)


def test_an_unknown_router_is_refused_with_the_shipped_ones(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match=DEFAULT_ROUTER):
        load_router(tmp_path / "none")


def test_a_folder_without_a_checkpoint_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(ArtifactNotFoundError):
        load_router(tmp_path)


@pytest.mark.parametrize("kind", ["embedder/static", "router/of-another-release", "router/", "random"])
def test_a_checkpoint_of_no_router_that_is_known_is_refused(tmp_path: Path, kind: str) -> None:
    save_artifact(tmp_path, Artifact(kind, {}, {}))
    with pytest.raises(ArtifactSchemaError, match="a router's checkpoint must be of"):
        load_router(tmp_path)


def test_a_policy_loads_a_router_by_folder_at_the_first_question(folder: Path) -> None:
    policy = RoutingPolicy(str(folder))
    expected = float(RandomRouter(seed=7).win_probability(["x"])[0])
    assert policy.decide("x").win_probability == expected


def test_a_router_without_a_card_takes_the_given_threshold(folder: Path) -> None:
    assert recommended_threshold(str(folder), otherwise=0.5) == 0.5


def test_a_routers_card_recommends_its_threshold(folder: Path) -> None:
    (folder / "card.json").write_text(json.dumps({"recommended_threshold": 0.25}))
    assert RoutingPolicy(str(folder)).threshold == 0.25


def test_a_card_is_under_the_checkpoints_pin(folder: Path) -> None:
    pin = add_card(folder, json.dumps({"recommended_threshold": 0.25}).encode())
    policy = RoutingPolicy(str(folder), expected_sha256=pin)
    assert policy.threshold == 0.25
    assert policy.decide("x").router == str(folder)
    (folder / "card.json").write_text(json.dumps({"recommended_threshold": 0.26}))
    for expected in (pin, None):
        with pytest.raises(ArtifactCorruptError, match=r"card\.json must have the SHA-256"):
            RoutingPolicy(str(folder), expected_sha256=expected)
    with pytest.raises(ArtifactCorruptError, match=r"card\.json must have the SHA-256"):
        load_router(folder, expected_sha256=pin)


def test_a_card_that_no_config_names_is_not_under_a_pin(folder: Path) -> None:
    pin = RandomRouter(seed=7).save(folder, overwrite=True)
    (folder / "card.json").write_text(json.dumps({"recommended_threshold": 0.25}))
    with pytest.raises(ArtifactCorruptError, match=r"card\.json must be named in config\.json"):
        RoutingPolicy(str(folder), expected_sha256=pin)


def test_the_card_of_the_shipped_router_is_under_its_pin() -> None:
    assert CARD in load_artifact(PRETRAINED / DEFAULT_ROUTER).files
    pin = hashlib.sha256((PRETRAINED / DEFAULT_ROUTER / "config.json").read_bytes()).hexdigest()
    assert RoutingPolicy(expected_sha256=pin).decide("x").router == DEFAULT_ROUTER


def test_a_policy_refuses_another_router_than_the_expected_one(folder: Path) -> None:
    pin = RandomRouter(seed=7).save(folder, overwrite=True)
    policy = RoutingPolicy(str(folder), expected_sha256=pin)
    RandomRouter(seed=8).save(folder, overwrite=True)
    with pytest.raises(ArtifactCorruptError, match=r"config\.json must have the SHA-256"):
        policy.decide("x")
    with pytest.raises(ArtifactCorruptError, match=r"config\.json must have the SHA-256"):
        RoutingPolicy(str(folder), expected_sha256=pin)


@pytest.mark.parametrize("pin", ["", "sk-secret", "0" * 63, "g" * 64, 7, b"0" * 64])
def test_a_pin_that_is_none_is_refused_and_not_shown(folder: Path, pin: Any) -> None:
    with pytest.raises(
        InvalidInputError, match="^expected_sha256 must be the 64 hex digits that save"
    ) as caught:
        load_router(folder, expected_sha256=pin)
    assert "secret" not in str(caught.value)


def test_a_pin_goes_with_a_name_or_a_folder() -> None:
    with pytest.raises(InvalidInputError, match="must go with a router's name or folder"):
        RoutingPolicy(RandomRouter(), expected_sha256="0" * 64)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -0.1, 1.5, True, "0.5", None, []])
def test_a_card_that_recommends_no_threshold_is_refused(folder: Path, value: Any) -> None:
    (folder / "card.json").write_text(json.dumps({"recommended_threshold": value}))
    with pytest.raises(ArtifactSchemaError, match=r"must be a number in \[0, 1\]"):
        RoutingPolicy(str(folder))


@pytest.mark.parametrize("card", [b"", b"[]", b"{}", b"\xff", b"[" * 30_000])
def test_a_card_that_cannot_be_read_is_refused(folder: Path, card: bytes) -> None:
    (folder / "card.json").write_bytes(card)
    with pytest.raises(ArtifactSchemaError, match=r"card\.json must be JSON"):
        RoutingPolicy(str(folder))


def test_the_shipped_router_says_what_a_share_means_on_named_sets_of_prompts() -> None:
    """Each table is of a set's own scores: the middle threshold has half of them above it."""
    tables = saved_score_tables("static-v1")
    assert {"arena", "mmlu", "mmlu_pro", "gsm8k", "mt_bench", "zeroeval", "llmrouter"} == set(tables)
    for table in tables.values():
        assert table.strong_fraction(table.threshold(0.5)) == pytest.approx(0.5, abs=0.01)
    assert tables["gsm8k"].source == "GSM8K questions"


def test_a_router_without_tables_has_none_and_one_with_damaged_ones_is_refused(tmp_path: Path) -> None:
    RandomRouter().save(tmp_path / "random")
    assert saved_score_tables(tmp_path / "random") == {}
    damaged: list[Any] = [[], {"mmlu": {"values": []}}]
    for tables in damaged:
        card = json.dumps({"recommended_threshold": 0.5, "score_tables": tables})
        add_card(tmp_path / "random", card.encode())
        with pytest.raises(ArtifactSchemaError, match=r"score_tables|score_quantiles"):
            saved_score_tables(tmp_path / "random")
