import json
import os
from pathlib import Path

import numpy as np
import pytest

import shared_router
from shared_router import RoutingPolicy, load_router
from shared_router.evaluation.metrics import apgr
from shared_router.testing import check_router

PRETRAINED = Path(shared_router.__file__).parent / "pretrained"
CARD = json.loads((PRETRAINED / "static-v1" / "card.json").read_text("utf-8"))


def test_the_default_router_gives_one_float64_per_prompt() -> None:
    values = load_router().win_probability(["What is 2+2?", "", "Prove Fermat's last theorem."])
    assert values.shape == (3,)
    assert values.dtype == np.float64


def test_the_default_router_keeps_the_router_contract() -> None:
    check_router(load_router())


def test_a_shipped_router_is_loaded_once() -> None:
    assert load_router() is load_router("static-v1")


def test_what_ships_takes_at_most_eight_megabytes() -> None:
    folders = [PRETRAINED / "static-v1", PRETRAINED / "minilm-static-v1"]
    assert sum(path.stat().st_size for folder in folders for path in folder.iterdir()) <= 8_000_000


def test_a_policy_takes_the_threshold_that_the_card_recommends() -> None:
    assert RoutingPolicy().threshold == CARD["recommended_threshold"]
    assert RoutingPolicy("static-v1", threshold=0.3).threshold == 0.3


def test_the_card_says_that_it_beats_random_and_length_on_mmlu_by_more_than_the_interval() -> None:
    mmlu = CARD["benchmarks"][0]
    own = next(line for line in mmlu["lines"] if line["router"] == "static-v1")
    random = next(line for line in mmlu["lines"] if line["router"].startswith("random"))
    assert own["low"] > random["high"]
    assert mmlu["over_length"][0] > 0


def test_the_shipped_weights_reach_the_apgr_that_the_card_says() -> None:
    """The card's MMLU figure, measured anew on the benchmark itself."""
    if not os.environ.get("ROUTER_DATA_DIR"):
        pytest.skip("ROUTER_DATA_DIR is not set: it names the folder of the benchmarks")
    from shared_router.pretrained.build.evaluate import load_benchmarks

    mmlu = load_benchmarks(Path(os.environ["ROUTER_DATA_DIR"]))[0]
    reached = apgr(load_router().win_probability(mmlu.prompts), mmlu.strong, mmlu.weak)
    assert reached == pytest.approx(CARD["benchmarks"][0]["lines"][0]["apgr"], abs=5e-5)
