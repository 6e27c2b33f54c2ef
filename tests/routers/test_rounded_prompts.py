"""Similarity weighting over rounded prompts: the answers, the checkpoints, and those that do not fit."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shared_router import Artifact, ArtifactSchemaError, save_artifact
from shared_router.probe import PROBE_QUERIES
from shared_router.routers.similarity_weighted import SimilarityWeightedRouter
from shared_router.testing import HashEmbedder
from tests.routers.data import three_models


@pytest.mark.parametrize(("storage", "tolerance"), [("int12", 1e-4), ("int8", 1e-3)])
def test_rounded_prompts_answer_as_float32_ones(storage: Any, tolerance: float) -> None:
    data, embedder = three_models(), HashEmbedder(64)
    exact = SimilarityWeightedRouter(embedder).fit(data).win_probability(data.queries)
    rounded = SimilarityWeightedRouter(embedder, storage=storage).fit(data).win_probability(data.queries)
    assert np.abs(rounded - exact).max() < tolerance


@pytest.mark.parametrize("storage", ["int12", "int8"])
@pytest.mark.parametrize("memory_map", [False, True])
def test_rounded_prompts_are_saved_as_they_are(tmp_path: Path, storage: Any, memory_map: bool) -> None:
    data, embedder = three_models(), HashEmbedder(24)
    router = SimilarityWeightedRouter(embedder, storage=storage).fit(data)
    router.save(tmp_path)
    loaded = SimilarityWeightedRouter.load(tmp_path, embedder=embedder, memory_map=memory_map)
    assert loaded.storage == storage
    assert loaded.vectors_.tensors()["embeddings"].flags.writeable is not memory_map
    assert np.array_equal(loaded.win_probability(data.queries), router.win_probability(data.queries))


def test_a_checkpoint_that_names_no_storage_holds_float32(tmp_path: Path) -> None:
    data, embedder = three_models(), HashEmbedder(24)
    router = SimilarityWeightedRouter(embedder).fit(data)
    artifact = router._artifact()
    settings = {name: value for name, value in artifact.settings.items() if name != "storage"}
    settings["probe"] = router.win_probability(PROBE_QUERIES).tolist()
    save_artifact(tmp_path, Artifact(artifact.kind, settings, artifact.tensors), overwrite=True)
    loaded = SimilarityWeightedRouter.load(tmp_path, embedder=embedder)
    assert np.array_equal(loaded.win_probability(data.queries), router.win_probability(data.queries))


def test_a_checkpoint_whose_prompts_are_of_another_storage_is_refused(tmp_path: Path) -> None:
    data, embedder = three_models(), HashEmbedder(24)
    artifact = SimilarityWeightedRouter(embedder, storage="int8").fit(data)._artifact()
    for storage in ("float32", "int12", "int4"):
        settings = {**artifact.settings, "storage": storage}
        save_artifact(tmp_path, Artifact(artifact.kind, settings, artifact.tensors), overwrite=True)
        with pytest.raises(ArtifactSchemaError, match="must make a similarity_weighted router"):
            SimilarityWeightedRouter.load(tmp_path, embedder=embedder)
