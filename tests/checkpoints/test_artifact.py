"""checkpoints.py: what is saved comes back, and nothing else is let in."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shared_router import (
    Artifact,
    ArtifactCorruptError,
    ArtifactNotFoundError,
    ArtifactSchemaError,
    load_artifact,
    save_artifact,
)
from shared_router.checkpoints.artifact import MAX_ABS_WEIGHT, artifact_kind

CONFIG, WEIGHTS, TOKENIZER = "config.json", "weights.safetensors", "tokenizer.json"


def artifact(**changes: Any) -> Artifact:
    tensors = {
        "bias": np.array([0.25, -0.5], dtype=np.float64),
        "ids": np.arange(3, dtype=np.int32),
        "weight": np.arange(12, dtype=np.float32).reshape(3, 4),
    }
    values = {"kind": "router/test", "settings": {"dim": 4, "names": ["a", "b"]}, "tensors": tensors}
    return Artifact(**{**values, "files": {TOKENIZER: b'{"version": "1.0"}'}, **changes})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save_artifact(tmp_path / "saved", artifact())
    return tmp_path / "saved"


def edit_config(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    config = json.loads((folder / CONFIG).read_bytes())
    change(config)
    (folder / CONFIG).write_text(json.dumps(config))


def replace_weights(folder: Path, content: bytes) -> None:
    """Exchange the weights and make the config promise them, as an attacker would."""
    (folder / WEIGHTS).write_bytes(content)
    promise = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    edit_config(folder, lambda config: config["files"].update({WEIGHTS: promise}))


def test_what_is_saved_comes_back(folder: Path) -> None:
    loaded, saved = load_artifact(folder), artifact()
    assert (loaded.kind, loaded.settings, loaded.files) == (saved.kind, saved.settings, saved.files)
    assert set(loaded.tensors) == set(saved.tensors)
    for name, tensor in saved.tensors.items():
        np.testing.assert_array_equal(loaded.tensors[name], tensor, strict=True)


@pytest.mark.parametrize(
    "tensor",
    [
        np.float64(3.0),
        np.zeros((0, 4), np.float32),
        np.arange(6).reshape(2, 3).T,
        np.array([1.5], np.float16),
        np.array([255], np.uint8),
    ],
    ids=["scalar", "empty", "transposed", "half", "byte"],
)
def test_a_tensor_of_any_shape_and_layout_comes_back(tmp_path: Path, tensor: Any) -> None:
    save_artifact(tmp_path, artifact(tensors={"x": tensor}))
    np.testing.assert_array_equal(load_artifact(tmp_path).tensors["x"], np.asarray(tensor), strict=True)


def test_the_same_artifact_gives_the_same_bytes(tmp_path: Path) -> None:
    hashes = {save_artifact(tmp_path / name, artifact()) for name in "ab"}
    assert len(hashes) == 1
    for name in (CONFIG, WEIGHTS, TOKENIZER):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_saving_over_a_checkpoint_leaves_the_new_one_and_nothing_else(folder: Path) -> None:
    save_artifact(folder, artifact(kind="router/other"), overwrite=True)
    assert artifact_kind(folder) == "router/other"
    assert {path.name for path in folder.iterdir()} == {CONFIG, WEIGHTS, TOKENIZER}


def test_the_hash_that_save_returns_pins_the_checkpoint(folder: Path) -> None:
    pin = save_artifact(folder, artifact(), overwrite=True)
    assert load_artifact(folder, expected_sha256=pin.upper()).kind == "router/test"
    save_artifact(folder, artifact(settings={"dim": 5}), overwrite=True)
    with pytest.raises(ArtifactCorruptError, match=r"config\.json must have the SHA-256"):
        load_artifact(folder, expected_sha256=pin)


UNSAVABLE: dict[str, dict[str, Any]] = {
    "nan tensor": {"tensors": {"x": np.array([np.nan])}},
    "infinite tensor": {"tensors": {"x": np.array([np.inf], np.float16)}},
    "huge weight": {"tensors": {"x": np.array([MAX_ABS_WEIGHT * 1.01])}},
    "objects": {"tensors": {"x": np.array([{}])}},
    "booleans": {"tensors": {"x": np.array([True])}},
    "text": {"tensors": {"x": np.array(["a"])}},
    "long double": {"tensors": {"x": np.zeros(1, np.clongdouble).real}},
    "unknown file": {"files": {"run.py": b"x"}},
    "path": {"files": {"../run.py": b"x"}},
    "nan setting": {"settings": {"x": float("nan")}},
    "numpy setting": {"settings": {"x": np.float32(1)}},
    "long settings": {"settings": {"x": "y" * 70_000}},
    "many tensors": {"tensors": {f"tensor-{i}": np.zeros(0) for i in range(2000)}},
}


@pytest.mark.parametrize("name", UNSAVABLE)
def test_what_could_not_be_loaded_is_not_saved(tmp_path: Path, name: str) -> None:
    with pytest.raises(ArtifactSchemaError):
        save_artifact(tmp_path / "x", artifact(**UNSAVABLE[name]))
    assert not (tmp_path / "x" / CONFIG).exists()


def test_a_file_larger_than_the_callers_bound_is_not_read(folder: Path) -> None:
    with pytest.raises(ArtifactCorruptError, match="at most 64 bytes"):
        load_artifact(folder, max_bytes=64)


@pytest.mark.parametrize("missing", [CONFIG, WEIGHTS, TOKENIZER])
def test_a_missing_file_is_named(folder: Path, missing: str) -> None:
    (folder / missing).unlink()
    with pytest.raises(ArtifactNotFoundError, match=missing):
        load_artifact(folder)


def test_a_missing_folder_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(ArtifactNotFoundError):
        artifact_kind(tmp_path / "none")
