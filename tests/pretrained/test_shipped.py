import json
import os
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

import shared_router
from shared_router import RoutingPolicy, load_router
from shared_router.embedding.shipped import EMBEDDERS
from shared_router.evaluation.metrics import apgr
from shared_router.pretrained.build.everyday import read_everyday
from shared_router.registry import router_names
from shared_router.testing import check_router

PRETRAINED = Path(shared_router.__file__).parent / "pretrained"
CARD = json.loads((PRETRAINED / "static-v2" / "card.json").read_text("utf-8"))
FIRST_CARD = json.loads((PRETRAINED / "static-v1" / "card.json").read_text("utf-8"))


def test_the_default_router_gives_one_float64_per_prompt() -> None:
    values = load_router().win_probability(["What is 2+2?", "", "Prove Fermat's last theorem."])
    assert values.shape == (3,)
    assert values.dtype == np.float64


def test_the_default_router_keeps_the_router_contract() -> None:
    check_router(load_router())


def test_a_shipped_router_is_loaded_once() -> None:
    assert load_router() is load_router("static-v2")


def test_what_ships_takes_at_most_eight_megabytes() -> None:
    folders = [folder for folder in PRETRAINED.iterdir() if (folder / "config.json").exists()]
    assert {folder.name for folder in folders} == {*router_names(), *EMBEDDERS}
    assert sum(path.stat().st_size for folder in folders for path in folder.iterdir()) <= 8_000_000


def test_a_policy_takes_the_threshold_that_the_card_recommends() -> None:
    assert RoutingPolicy().threshold == CARD["recommended_threshold"]
    assert RoutingPolicy("static-v1").threshold == FIRST_CARD["recommended_threshold"]
    assert RoutingPolicy("static-v2", threshold=0.3).threshold == 0.3


def test_the_first_version_still_loads_by_name_and_keeps_the_router_contract() -> None:
    check_router(load_router("static-v1"))


def test_the_cards_say_that_both_beat_random_and_length_on_mmlu_by_more_than_the_interval() -> None:
    first = FIRST_CARD["benchmarks"][0]
    own = next(line for line in first["lines"] if line["router"] == "static-v1")
    random = next(line for line in first["lines"] if line["router"].startswith("random"))
    assert own["low"] > random["high"]
    assert first["over_length"][0] > 0
    second = CARD["sets"][0]
    assert second["low"] > second["random"] + 0.05
    assert second["over_length"][0] > 0


def test_the_card_says_first_what_the_router_is_good_for_and_what_not() -> None:
    first_line = (PRETRAINED / "static-v2" / "CARD.md").read_text("utf-8").split("\n\n")[1]
    assert first_line.startswith("Good for")
    assert "not good for" in first_line


def test_the_cards_table_names_every_set_that_the_router_loses_on() -> None:
    page = (PRETRAINED / "static-v2" / "CARD.md").read_text("utf-8")
    for row in CARD["sets"]:
        line = next(line for line in page.splitlines() if line.startswith(f"| {row['name']} |"))
        assert ("loses to length" in line) == (row["over_length"][1] < 0)
        for version, theirs in enumerate(row["litellm"] or [], start=1):
            assert (f"LiteLLM v{version}" in line) == (row["apgr"] < theirs)


def test_the_everyday_set_has_the_levels_and_languages_that_the_card_tells() -> None:
    everyday = read_everyday()
    assert len(everyday) == len({each.prompt for each in everyday}) == CARD["everyday"]["prompts"] >= 600
    assert {each.level for each in everyday} == {0, 1, 2, 3}
    assert Counter(each.language for each in everyday) == CARD["everyday"]["languages"]
    assert len(CARD["everyday"]["languages"]) >= 10


HARD = [
    "Prove that the square root of eleven is irrational.",
    "Derive the wave equation of a vibrating string from Newton's second law.",
    "A 50-year-old has sudden back pain, pallor and a pulsating mass. Differential and next steps?",
    "Compare the remedies for misrepresentation in English and German contract law.",
    "Our Postgres replica falls behind every night although the load is flat. Find the cause.",
    "Design an event-sourced ledger that survives the loss of a region without losing a payment.",
    "Beweise, dass die Wurzel aus fünf irrational ist.",
    "证明根号五是无理数。",
    "Demuestra que la raíz cuadrada de cinco es irracional.",
    "أثبت أن الجذر التربيعي للعدد خمسة غير نسبي.",
]
EASY = [
    *("hello again", "thanks a lot!", "ok great", "What is the capital of Sweden?", "Who painted Guernica?"),
    *("Translate 'good night' to Portuguese.", "What day comes before Sunday?", "What is 5 + 6?"),
    *("How many days are in April?", "Say hello to my brother."),
    *("Danke schön!", "Was ist die Hauptstadt von Spanien?", "谢谢你", "西班牙的首都是哪里？"),
    *("¡Muchas gracias!", "¿Cuál es la capital de Suecia?", "شكرا لك", "ما هي عاصمة إسبانيا؟"),
    *("Merci beaucoup", "Спасибо!"),
]


def test_at_the_default_threshold_hard_everyday_prompts_go_strong_and_easy_ones_weak() -> None:
    """At least 8 in 10 of the one and at most 1 in 20 of the other, none of them learned from."""
    assert not {each.prompt for each in read_everyday()} & {*HARD, *EASY}
    router, threshold = load_router(), RoutingPolicy().threshold
    assert (router.win_probability(HARD) >= threshold).mean() >= 0.8
    assert (router.win_probability(EASY) >= threshold).mean() <= 0.05


@pytest.mark.parametrize("name", ["static-v1", "static-v2"])
def test_the_shipped_weights_reach_the_apgr_that_the_card_says(name: str) -> None:
    """The card's MMLU figure, measured anew on the benchmark itself."""
    if not os.environ.get("ROUTER_DATA_DIR"):
        pytest.skip("ROUTER_DATA_DIR is not set: it names the folder of the benchmarks")
    from shared_router.pretrained.build.evaluate import load_benchmarks

    mmlu = load_benchmarks(Path(os.environ["ROUTER_DATA_DIR"]))[0]
    reached = apgr(load_router(name).win_probability(mmlu.prompts), mmlu.strong, mmlu.weak)
    said = CARD["sets"][0]["apgr"] if name == "static-v2" else FIRST_CARD["benchmarks"][0]["lines"][0]["apgr"]
    assert reached == pytest.approx(said, abs=5e-5)
