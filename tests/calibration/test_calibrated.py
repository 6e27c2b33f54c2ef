"""A calibrated router: any router's scores as probabilities, saved with it."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from shared_router import AnyMessage, RoutingPolicy, load_router
from shared_router.calibrated import CalibratedRouter
from shared_router.calibration.probabilities import PlattMap
from shared_router.errors import ArtifactError, InvalidInputError
from shared_router.routers.knn import KNNRouter
from shared_router.routers.random import RandomRouter
from shared_router.testing import FixedRouter, check_router
from tests.routers.data import two_models

PROMPTS = [f"question {i}" for i in range(400)]
SCORES = RandomRouter().win_probability(PROMPTS)
WINS = np.where(np.random.default_rng(0).random(400) < 0.5 * SCORES, 1.0, 0.0)


@pytest.mark.parametrize("method", ["platt", "isotonic"])
def test_a_calibrated_router_keeps_the_contract(method: str) -> None:
    check_router(CalibratedRouter.of(RandomRouter(), PROMPTS, WINS, method=method))  # type: ignore[arg-type]


def test_the_mean_probability_is_the_rate_of_wins() -> None:
    router = CalibratedRouter.of(RandomRouter(), PROMPTS, WINS)
    assert router.win_probability(PROMPTS).mean() == pytest.approx(WINS.mean(), abs=0.01)
    assert SCORES.mean() > 0.45


@pytest.mark.parametrize("method", ["platt", "isotonic"])
def test_a_saved_router_answers_as_before(method: str, tmp_path: Path) -> None:
    router = CalibratedRouter.of(RandomRouter(seed=0), PROMPTS, WINS, method=method)  # type: ignore[arg-type]
    pin = router.save(tmp_path / "router")
    loaded = load_router(str(tmp_path / "router"), expected_sha256=pin)
    assert isinstance(loaded, CalibratedRouter)
    assert loaded.win_probability(PROMPTS).tolist() == router.win_probability(PROMPTS).tolist()
    low, high = loaded.interval(PROMPTS[:3])
    assert ((low <= high) & (low >= 0) & (high <= 1)).all()
    assert loaded.score_quantiles_ == router.score_quantiles_


def test_a_router_with_learned_weights_is_saved_whole(tmp_path: Path) -> None:
    base = KNNRouter(k=5).fit(two_models())
    router = CalibratedRouter.of(base, PROMPTS, WINS)
    router.save(tmp_path / "router")
    loaded = load_router(str(tmp_path / "router"))
    assert loaded.win_probability(PROMPTS[:20]) == pytest.approx(router.win_probability(PROMPTS[:20]))


def test_quantiles_of_the_scores_are_mapped_too() -> None:
    """A random router's scores are uniform: the threshold for a half is the mapped .5."""
    router = CalibratedRouter.of(RandomRouter(), PROMPTS, WINS)
    assert router.score_quantiles_ is not None
    half = float(router.probability_map(np.array([0.5]))[0])
    assert router.score_quantiles_.threshold(0.5) == pytest.approx(half)


def test_a_map_that_falls_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "router"
    CalibratedRouter.of(RandomRouter(), PROMPTS, WINS).save(folder)
    config = json.loads((folder / "config.json").read_text("utf-8"))
    config["settings"]["platt"][0] = -1.0
    (folder / "config.json").write_text(json.dumps(config), "utf-8")
    with pytest.raises(ArtifactError, match="slope must be > 0"):
        load_router(str(folder))


def test_an_interval_needs_the_held_out_rows() -> None:
    router = CalibratedRouter.of(RandomRouter(), PROMPTS, WINS)
    bare = CalibratedRouter(RandomRouter(), probability_map=router.probability_map)
    with pytest.raises(InvalidInputError, match="intervals need the held-out rows"):
        bare.interval(["a"])


def test_a_router_that_cannot_be_saved_says_so(tmp_path: Path) -> None:
    spread = FixedRouter(lambda text: len(text) / 1000)
    with pytest.raises(InvalidInputError, match="FixedRouter cannot be saved"):
        CalibratedRouter.of(spread, PROMPTS, WINS).save(tmp_path / "router")


class _ReadsConversations(FixedRouter):
    """Knows a quarter of each question, and scores a conversation by its length."""

    def win_probability_of(self, messages: Sequence[AnyMessage]) -> float:
        return len(messages) / 10

    def coverage(self, queries: Sequence[str]) -> NDArray[np.float64]:
        return np.full(len(queries), 0.25)


def test_what_the_router_knows_and_reads_is_passed_on() -> None:
    """With slope 1 and shift 0 the map leaves 2 / 10 as it is."""
    router = CalibratedRouter(_ReadsConversations(0.5), probability_map=PlattMap(1.0, 0.0))
    assert router.reads_conversations
    assert router.win_probability_of([("user", "why?"), ("assistant", "so")]) == pytest.approx(0.2)
    decision = RoutingPolicy(router, threshold=0.4).decide("why?")
    assert decision.win_probability == pytest.approx(0.5)
    assert decision.coverage == 0.25
    assert not CalibratedRouter(FixedRouter(0.5), probability_map=PlattMap(1.0, 0.0)).reads_conversations
