"""router.py: saving and loading, the probe, and what a router's output must be."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from shared_router import (
    ArtifactCorruptError,
    ArtifactSchemaError,
    Embedder,
    InvalidInputError,
    PreferenceData,
    Router,
    RouterOutputError,
    load_artifact,
    save_artifact,
)
from shared_router.checkpoints.artifact import Artifact
from shared_router.probe import PROBE_QUERIES
from shared_router.routers.random import RandomRouter
from shared_router.testing import FixedRouter, HashEmbedder, check_router
from shared_router.win_probabilities import check_win_probabilities


class LinearRouter(Router):
    """Squash a weighted sum of the embedding: the smallest router that has weights and an embedder."""

    name: ClassVar[str] = "linear"

    def __init__(self, weights: NDArray[np.float64], embedder: Embedder) -> None:
        self.weights = weights
        self.embedder = embedder

    def win_probability(self, queries: Sequence[str]) -> NDArray[np.float64]:
        scores: NDArray[np.float64] = self.embedder.embed(queries).astype(np.float64) @ self.weights
        return 1 / (1 + np.exp(-scores))

    def _state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        return {}, {"weights": self.weights}

    @classmethod
    def _from_state(
        cls, settings: Mapping[str, Any], tensors: Mapping[str, NDArray[Any]], embedder: Embedder | None
    ) -> "LinearRouter":
        if embedder is None:
            raise InvalidInputError("give load the embedder")
        return cls(tensors["weights"], embedder, **settings)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    LinearRouter(np.linspace(-3, 3, 16), HashEmbedder(16)).save(tmp_path)
    return tmp_path


def change_settings(folder: Path, **values: Any) -> None:
    saved = load_artifact(folder)
    save_artifact(folder, Artifact(saved.kind, {**saved.settings, **values}, saved.tensors), overwrite=True)


def test_a_loaded_router_answers_as_the_saved_one(folder: Path) -> None:
    router = LinearRouter.load(folder, embedder=HashEmbedder(16))
    check_router(router, queries=["Name three primes."])


def test_saving_returns_the_hash_that_pins_the_router(folder: Path) -> None:
    pin = LinearRouter(np.ones(16), HashEmbedder(16)).save(folder, overwrite=True)
    LinearRouter.load(folder, embedder=HashEmbedder(16), expected_sha256=pin)
    with pytest.raises(ArtifactCorruptError):
        LinearRouter.load(folder, embedder=HashEmbedder(16), expected_sha256="0" * 64)


def test_a_router_with_another_embedder_of_the_same_width_is_refused(folder: Path) -> None:
    with pytest.raises(ArtifactSchemaError, match="must answer the probe"):
        LinearRouter.load(folder, embedder=HashEmbedder(16, seed=1))


def test_a_router_with_an_embedder_of_another_width_is_refused(folder: Path) -> None:
    with pytest.raises(ArtifactSchemaError, match="settings and tensors"):
        LinearRouter.load(folder, embedder=HashEmbedder(8))


def test_a_router_without_the_embedder_it_needs_is_refused(folder: Path) -> None:
    with pytest.raises(ArtifactSchemaError, match="settings and tensors"):
        LinearRouter.load(folder)


def test_another_kind_of_router_is_refused(folder: Path) -> None:
    with pytest.raises(ArtifactSchemaError, match="must be of kind router/random"):
        RandomRouter.load(folder)


@pytest.mark.parametrize(
    "probe", [None, "x", [], [0.5], [0.5, 0.5, 0.5], [[0.5]] * 3, ["a", "b", "c"], {"a": 1}]
)
def test_a_probe_that_is_none_or_another_is_refused(folder: Path, probe: Any) -> None:
    change_settings(folder, probe=probe)
    with pytest.raises(ArtifactSchemaError):
        LinearRouter.load(folder, embedder=HashEmbedder(16))


@pytest.mark.parametrize(
    "settings", [{"seed": "x"}, {"seed": None}, {"seed": 2**70}, {"seed": [1]}, {"other": 1}]
)
def test_settings_that_make_no_router_are_refused(tmp_path: Path, settings: dict[str, Any]) -> None:
    RandomRouter().save(tmp_path)
    change_settings(tmp_path, **settings)
    with pytest.raises(ArtifactSchemaError):
        RandomRouter.load(tmp_path)


def test_the_config_of_a_saved_router_holds_its_probe(folder: Path) -> None:
    settings = json.loads((folder / "config.json").read_bytes())["settings"]
    assert len(settings["probe"]) == len(PROBE_QUERIES)


def test_a_router_without_state_cannot_be_saved(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="FixedRouter cannot be saved"):
        FixedRouter(0.5).save(tmp_path)


def test_a_router_without_state_cannot_be_loaded(tmp_path: Path) -> None:
    save_artifact(tmp_path, Artifact("router/fixed", {"probe": [0.5] * 3}, {}))
    with pytest.raises(ArtifactSchemaError, match="make a fixed router"):
        FixedRouter.load(tmp_path)


def test_fitting_a_router_that_learns_nothing_returns_it() -> None:
    router = RandomRouter()
    assert router.fit(PreferenceData(["q"], ["a"], ["b"], ["a"])) is router


def test_the_random_router_keeps_the_contract() -> None:
    check_router(RandomRouter(seed=3))


@given(st.lists(st.text(), max_size=5), st.integers(-(2**63), 2**63 - 1))
def test_random_win_probabilities_are_at_least_zero_and_below_one(queries: list[str], seed: int) -> None:
    values = RandomRouter(seed).win_probability(queries)
    assert values.shape == (len(queries),)
    assert all(0 <= value < 1 for value in values)


def test_random_win_probabilities_are_uniform() -> None:
    """The mean of 10,000 uniform numbers deviates by 1/sqrt(12 * 10,000) = .0029; four are .0115."""
    values = RandomRouter().win_probability([f"query {i}" for i in range(10_000)])
    assert abs(values.mean() - 0.5) < 0.0115
    assert abs(np.mean(values < 0.1) - 0.1) < 0.012


@given(st.lists(st.floats(0, 1), max_size=8))
def test_probabilities_pass_the_check_unchanged(values: list[float]) -> None:
    assert check_win_probabilities(np.array(values), len(values)) == values


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), -1e-9, 1 + 1e-9])
def test_a_number_that_is_no_probability_is_refused(value: float) -> None:
    with pytest.raises(RouterOutputError, match=r"finite and in \[0, 1\]"):
        check_win_probabilities([0.5, value], 2)


@pytest.mark.parametrize("values", [0.5, [0.5], [[0.5, 0.5]], [0.5] * 3])
def test_another_shape_is_refused(values: Any) -> None:
    with pytest.raises(RouterOutputError, match=r"must return shape \(2,\)"):
        check_win_probabilities(values, 2)


@pytest.mark.parametrize("values", [["a", "b"], [[1], [1, 2]], object(), [1j, 1j]])
def test_what_is_no_number_is_refused(values: Any) -> None:
    with pytest.raises(RouterOutputError, match="must return numbers"):
        check_win_probabilities(values, 2)
