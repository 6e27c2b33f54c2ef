"""checkpoints.py against the checkpoints that an attacker would write by hand."""

import hashlib
import json
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save as save_tensors

from shared_router import ArtifactError, load_artifact, save_artifact
from shared_router.checkpoints.artifact import MAX_HEADER_BYTES
from shared_router.checkpoints.config import MAX_CONFIG_BYTES
from tests.checkpoints.test_artifact import CONFIG, TOKENIZER, WEIGHTS, artifact, edit_config, replace_weights


def _config(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], object]:
    return lambda folder: edit_config(folder, change)


def _set(key: str, value: Any) -> Callable[[Path], object]:
    return _config(lambda config: config.update({key: value}))


def _promise(**values: Any) -> Callable[[Path], object]:
    return _config(lambda config: config["files"][WEIGHTS].update(values))


def _resize(difference: int) -> Callable[[Path], object]:
    def change(config: dict[str, Any]) -> None:
        config["files"][WEIGHTS]["bytes"] += difference

    return _config(change)


def _raw_config(text: str | bytes) -> Callable[[Path], object]:
    content = text.encode() if isinstance(text, str) else text
    return lambda folder: (folder / CONFIG).write_bytes(content)


def _replace_in_config(old: str, new: str) -> Callable[[Path], object]:
    def change(folder: Path) -> None:
        text = (folder / CONFIG).read_text()
        assert text.count(old) >= 1
        (folder / CONFIG).write_text(text.replace(old, new, 1))

    return change


def _weights(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], object]:
    """Save other tensors with right hashes, while the config goes on naming the old ones."""

    def replace(folder: Path) -> None:
        tensors = dict(artifact().tensors)
        change(tensors)
        replace_weights(folder, save_tensors(tensors))

    return replace


def _raw_weights(content: bytes) -> Callable[[Path], object]:
    return lambda folder: replace_weights(folder, content)


def _header(header: object, data: bytes = b"") -> Callable[[Path], object]:
    text = json.dumps(header).encode()
    return _raw_weights(len(text).to_bytes(8, "little") + text + data)


def _link(name: str, target: str) -> Callable[[Path], object]:
    def change(folder: Path) -> None:
        (folder.parent / "outside").mkdir(exist_ok=True)
        (folder / name).rename(folder.parent / "outside" / name)
        (folder / name).symlink_to(target.format(outside=folder.parent / "outside", name=name))

    return change


def _instead(name: str, make: Callable[[Path], object]) -> Callable[[Path], object]:
    def change(folder: Path) -> None:
        (folder / name).unlink()
        make(folder / name)

    return change


def _swap_files(folder: Path) -> None:
    weights, tokenizer = folder / WEIGHTS, folder / TOKENIZER
    content = weights.read_bytes()
    weights.write_bytes(tokenizer.read_bytes())
    tokenizer.write_bytes(content)


class _Canary:
    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, ("canary",)


def _tensor_signature(**values: Any) -> Callable[[Path], object]:
    return _config(lambda config: config["tensors"]["bias"].update(values))


F32 = {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}
EMPTY = {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}
HANDCRAFTED: dict[str, Callable[[Path], object]] = {
    "config links out": _link(CONFIG, "{outside}/{name}"),
    "weights link out": _link(WEIGHTS, "{outside}/{name}"),
    "weights link out relatively": _link(WEIGHTS, "../outside/{name}"),
    "weights link to a device": _link(WEIGHTS, "/dev/zero"),
    "weights link to themselves": _link(WEIGHTS, "{name}"),
    "tokenizer links to nothing": _link(TOKENIZER, "{outside}/none"),
    "weights are a folder": _instead(WEIGHTS, os.mkdir),
    "config is a folder": _instead(CONFIG, os.mkdir),
    "weights are a pipe": _instead(WEIGHTS, os.mkfifo),
    "weights renamed": lambda folder: (folder / WEIGHTS).rename(folder / "model.safetensors"),
    "weights and tokenizer swapped": _swap_files,
    "weights empty": lambda folder: (folder / WEIGHTS).write_bytes(b""),
    "config names ../": _replace_in_config(f'"{TOKENIZER}"', '"../tokenizer.json"'),
    "config names an absolute path": _replace_in_config(f'"{TOKENIZER}"', '"/etc/passwd"'),
    "config names another file": _replace_in_config(f'"{TOKENIZER}"', '"run.py"'),
    "config names no weights": _config(lambda config: config["files"].pop(WEIGHTS)),
    "config empty": _raw_config(""),
    "config null": _raw_config("null"),
    "config a list": _raw_config("[]"),
    "config a string": _raw_config('"x"'),
    "config half": lambda folder: _raw_config((folder / CONFIG).read_bytes()[:200])(folder),
    "config twice": lambda folder: _raw_config((folder / CONFIG).read_bytes() * 2)(folder),
    "config not utf-8": _raw_config(b'{"kind": "\xff"}'),
    "config deep": _raw_config("[" * 30_000),
    "config of a huge integer": _replace_in_config('"schema_version": 1', f'"schema_version": {"9" * 5000}'),
    "config large": _replace_in_config("\n", " " * MAX_CONFIG_BYTES),
    "pickle as config": _raw_config(pickle.dumps(_Canary())),
    "duplicate hash": _replace_in_config('"sha256": "', '"sha256": "x", "sha256": "'),
    "duplicate kind": _replace_in_config('"kind": "', '"kind": "router/x", "kind": "'),
    "NaN in settings": _replace_in_config('"dim": 4', '"dim": NaN'),
    "Infinity in settings": _replace_in_config('"dim": 4', '"dim": -Infinity'),
    "a number no float holds in settings": _replace_in_config('"dim": 4', '"dim": 1e999'),
    "extra key": _set("run", "me"),
    "missing key": _config(lambda config: config.pop("settings")),
    "another schema": _set("schema_version", 2),
    "schema true": _set("schema_version", True),
    "kind a number": _set("kind", 3),
    "settings a list": _set("settings", []),
    "tensors null": _set("tensors", None),
    "files a list": _set("files", [WEIGHTS]),
    "size a float": _promise(bytes=1.0),
    "size negative": _promise(bytes=-1),
    "size true": _promise(bytes=True),
    "size one less": _resize(-1),
    "size one more": _resize(1),
    "hash empty": _promise(sha256=""),
    "hash null": _promise(sha256=None),
    "hash of nothing": _promise(sha256=hashlib.sha256(b"").hexdigest()),
    "promise with a third key": _promise(url="https://example.org"),
    "dtype named otherwise": _tensor_signature(dtype="float32"),
    "shape named otherwise": _tensor_signature(shape=[1, 2]),
    "tensor extra": _weights(lambda tensors: tensors.update(extra=np.zeros(1))),
    "tensor missing": _weights(lambda tensors: tensors.pop("bias")),
    "tensor renamed": _weights(lambda tensors: tensors.update(bias2=tensors.pop("bias"))),
    "tensor of another dtype": _weights(lambda tensors: tensors.update(bias=np.zeros(2, np.float32))),
    "tensor transposed": _weights(lambda tensors: tensors.update(weight=np.zeros((4, 3), np.float32))),
    "tensor flattened": _weights(lambda tensors: tensors.update(weight=np.zeros(12, np.float32))),
    "tensor nan": _weights(lambda tensors: tensors.update(bias=np.array([0, np.nan]))),
    "tensor infinite": _weights(lambda tensors: tensors.update(bias=np.array([0, -np.inf]))),
    "tensor huge": _weights(lambda tensors: tensors.update(bias=np.array([0, 1e30]))),
    "pickle as weights": _raw_weights(pickle.dumps(_Canary())),
    "zip as weights": _raw_weights(b"PK\x03\x04" + bytes(200)),
    "weights of nothing": _raw_weights(b""),
    "header beyond the file": _raw_weights((2**40).to_bytes(8, "little") + b"{}"),
    "header of the largest length": _raw_weights(b"\xff" * 8 + b"{}"),
    "header huge": _header({f"t{i}": EMPTY for i in range(MAX_HEADER_BYTES // 40)}),
    "header a list": _header([]),
    "header of an unknown dtype": _header({"bias": {**F32, "dtype": "F7"}}, bytes(4)),
    "header offsets beyond": _header({"bias": {**F32, "data_offsets": [0, 400]}}, bytes(4)),
    "header offsets reversed": _header({"bias": {**F32, "data_offsets": [4, 0]}}, bytes(4)),
    "header shape overflowing": _header({"bias": {**F32, "shape": [2**62, 2**62]}}, bytes(4)),
    "header shape negative": _header({"bias": {**F32, "shape": [-1]}}, bytes(4)),
    "tensors overlapping": _header({"bias": F32, "ids": F32, "weight": F32}, bytes(4)),
    "brain floats": _header({"bias": {**F32, "dtype": "BF16", "shape": [2]}}, bytes(4)),
}  # fmt: skip


def test_there_are_as_many_handcrafted_checkpoints_as_promised() -> None:
    assert len(HANDCRAFTED) >= 50


@pytest.mark.parametrize("name", HANDCRAFTED)
def test_a_handcrafted_checkpoint_is_refused(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    save_artifact(tmp_path / "saved", artifact())
    HANDCRAFTED[name](tmp_path / "saved")
    with pytest.raises(ArtifactError):
        load_artifact(tmp_path / "saved")
    assert not Path("canary").exists()
