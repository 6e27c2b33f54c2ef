"""A local router's checkpoint that somebody changed: refused, or as saved, and never another error."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shared_router import ArtifactError, ArtifactSchemaError, load_artifact, save_artifact
from shared_router.routers.local import LocalRouter
from shared_router.routers.random import RandomRouter
from tests.routers.test_local import ShortEmbedder, graded, made

EMBEDDER = ShortEmbedder(24)


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("local")
    made(prior=RandomRouter(), keep_rows=True).fit(graded(60)).save(folder, overwrite=True)
    return folder


def changed(saved: Path, folder: Path, change: Callable[[dict[str, Any], dict[str, Any]], object]) -> None:
    """Write the checkpoint again with settings and tensors changed, under hashes that are right."""
    artifact = load_artifact(saved)
    settings, tensors = dict(artifact.settings), dict(artifact.tensors)
    change(settings, tensors)
    save_artifact(folder, replace(artifact, settings=settings, tensors=tensors))


def wide(array: Any) -> Any:
    return np.concatenate([array, array])


TENSORS: dict[str, Callable[[dict[str, Any]], object]] = {
    "no anchors' weights": lambda t: t.pop("vector_weights"),
    "no trees": lambda t: [t.pop(name) for name in list(t) if name.startswith("trees.")],
    "more anchors than weights": lambda t: t.update(vector_anchors=wide(t["vector_anchors"])),
    "features of another width": lambda t: t.update(feature_anchors=t["feature_anchors"][:, :-1]),
    "scales of another length": lambda t: t.update(feature_scales=t["feature_scales"][:-1]),
    "a slope too many": lambda t: t.update(slopes=wide(t["slopes"])),
    "a number for a slope": lambda t: t.update(slopes=t["slopes"][0]),
    "calibration of three": lambda t: t.update(calibration=np.zeros(3)),
    "a child before its parent": lambda t: t.update({"trees.left": np.zeros_like(t["trees.left"])}),
    "a column beyond the last": lambda t: t.update({"trees.features": t["trees.features"] + 10_000}),
    "rows of several lengths": lambda t: t.update({"rows.gains": t["rows.gains"][:-1]}),
    "rows of another type": lambda t: t.update({"rows.keys": t["rows.keys"].astype(np.int64)}),
    "other weights": lambda t: t.update(vector_weights=t["vector_weights"] + 1),
}
SETTINGS: dict[str, Callable[[dict[str, Any]], object]] = {
    "no report": lambda s: s.pop("report"),
    "a report that is a list": lambda s: s.update(report=[]),
    "no head": lambda s: s.update(head=None),
    "a share of two": lambda s: s.update(head={**s["head"], "tree_share": 2}),
    "a gamma that is a word": lambda s: s.update(head={**s["head"], "vector_gamma": "wide"}),
    "a depth that is a fraction": lambda s: s.update(head={**s["head"], "tree_depth": 2.5}),
    "a prior of no class": lambda s: s.update(reader={**s["reader"], "prior": {"kind": "x", "settings": {}}}),
    "a prior that is one itself": lambda s: s.update(
        reader={**s["reader"], "prior": {"kind": "router/local", "settings": {}}}
    ),
    "a prior that needs a model": lambda s: s.update(
        reader={**s["reader"], "prior": {"kind": "router/bert", "settings": {}}}
    ),
    "no prior": lambda s: s.update(reader={**s["reader"], "prior": None}),
    "a reader that is none": lambda s: s.update(reader=3),
    "anchors of none": lambda s: s.update(anchors=0),
}


@pytest.mark.parametrize("what", TENSORS)
def test_a_changed_array_is_refused(what: str, saved: Path, tmp_path: Path) -> None:
    changed(saved, tmp_path / "changed", lambda settings, tensors: TENSORS[what](tensors))
    with pytest.raises(ArtifactSchemaError):
        LocalRouter.load(tmp_path / "changed", embedder=EMBEDDER)


@pytest.mark.parametrize("what", SETTINGS)
def test_a_changed_setting_is_refused(what: str, saved: Path, tmp_path: Path) -> None:
    changed(saved, tmp_path / "changed", lambda settings, tensors: SETTINGS[what](settings))
    with pytest.raises(ArtifactSchemaError):
        LocalRouter.load(tmp_path / "changed", embedder=EMBEDDER)


def test_a_bit_turned_anywhere_is_refused_or_leaves_win_probabilities(saved: Path, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    artifact = load_artifact(saved)
    for draw in range(80):
        tensors = {name: array.copy() for name, array in artifact.tensors.items()}
        name = sorted(tensors)[rng.integers(len(tensors))]
        flat = tensors[name].reshape(-1).view(np.uint8)
        flat[rng.integers(len(flat))] ^= np.uint8(1 << rng.integers(8))
        folder = tmp_path / str(draw)
        try:
            save_artifact(folder, replace(artifact, tensors=tensors))
            answers = LocalRouter.load(folder, embedder=EMBEDDER).win_probability(
                ["prove the theorem", "hello"]
            )
        except ArtifactError:
            continue
        assert np.isfinite(answers).all()
        assert ((answers >= 0) & (answers <= 1)).all()
