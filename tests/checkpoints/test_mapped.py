"""A checkpoint whose tensors stay in the mapped file equals one that was read."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from shared_router import Artifact, ArtifactCorruptError, ArtifactSchemaError, load_artifact, save_artifact
from shared_router.checkpoints.artifact import MAX_ABS_WEIGHT

TENSORS: dict[str, NDArray[Any]] = {
    "halves": np.array([1.5, -2.0], dtype=np.float16),
    "counts": np.arange(6, dtype=np.int32).reshape(2, 3),
    "none": np.zeros((0, 4), dtype=np.float32),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save_artifact(tmp_path, Artifact("router/test", {}, TENSORS))
    return tmp_path


def test_mapped_tensors_equal_the_saved_ones_and_are_read_only(folder: Path) -> None:
    mapped = load_artifact(folder, memory_map=True).tensors
    assert set(mapped) == set(TENSORS)
    for name, tensor in TENSORS.items():
        assert mapped[name].dtype == tensor.dtype
        assert np.array_equal(mapped[name], tensor)
        assert not mapped[name].flags.writeable


def test_mapped_tensors_hold_after_the_checkpoint_is_saved_again(folder: Path) -> None:
    mapped = load_artifact(folder, memory_map=True).tensors
    save_artifact(folder, Artifact("router/test", {}, {"other": np.ones(9)}), overwrite=True)
    assert np.array_equal(mapped["counts"], TENSORS["counts"])


def test_a_flipped_bit_is_found_before_a_file_is_mapped(folder: Path) -> None:
    weights = folder / "weights.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    with pytest.raises(ArtifactCorruptError, match="must have the SHA-256"):
        load_artifact(folder, memory_map=True)


@pytest.mark.parametrize(
    "header",
    [
        b"[]",
        b"{",
        b'{"a": 1}',
        b'{"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 8]}}',
        b'{"a": {"dtype": "F32", "shape": [9], "data_offsets": [0, 36]}}',
        b'{"a": {"dtype": "F32", "shape": [1], "data_offsets": [-4, 0]}}',
        b'{"a": {"dtype": "BF16", "shape": [1], "data_offsets": [0, 2]}}',
        (1 << 20).to_bytes(8, "little"),
    ],
)
def test_a_header_that_does_not_fit_its_file_is_refused(folder: Path, header: bytes) -> None:
    import hashlib

    content = header if len(header) == 8 else len(header).to_bytes(8, "little") + header + b"\0\0\0\0"
    (folder / "weights.safetensors").write_bytes(content)
    config = json.loads((folder / "config.json").read_text("utf-8"))
    config["files"]["weights.safetensors"] = {
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    (folder / "config.json").write_text(json.dumps(config), "utf-8")
    with pytest.raises(ArtifactCorruptError, match="safetensors file|header must be at most"):
        load_artifact(folder, memory_map=True)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_tensor_that_is_not_finite_is_not_saved(tmp_path: Path, dtype: type, value: float) -> None:
    with pytest.raises(ArtifactSchemaError, match="must be finite and at most"):
        save_artifact(tmp_path, Artifact("router/test", {}, {"a": np.array([0, value, 1], dtype=dtype)}))


@pytest.mark.parametrize("sign", [1, -1])
def test_a_tensor_beyond_the_bound_is_not_saved(tmp_path: Path, sign: int) -> None:
    with pytest.raises(ArtifactSchemaError, match="must be finite and at most"):
        save_artifact(tmp_path, Artifact("router/test", {}, {"a": np.array([0, sign * 2 * MAX_ABS_WEIGHT])}))
