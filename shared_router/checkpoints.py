"""Checkpoints: a folder of plain data that is checked before it is used.

    config.json           what is in the folder: kind, settings, every tensor's dtype and shape, every
                          other file's size and SHA-256
    weights.safetensors   the tensors
    tokenizer.json        where an embedder is saved, its tokenizer

safetensors validates structure, not content: about a third of random corruptions load as finite, wrong
weights, so the hash is checked first and the tensors are parsed from the very bytes that were hashed.
A hash that lies beside the weights finds damage, not an attacker; against one, give `expected_sha256`
from a place you trust. Nothing here unpickles or runs what a checkpoint holds.
"""

import hashlib
import json
import math
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from shared_router.errors import ArtifactCorruptError, ArtifactNotFoundError, ArtifactSchemaError

SCHEMA_VERSION = 1
MAX_CONFIG_BYTES = 64 * 1024
MAX_HEADER_BYTES = 64 * 1024
MAX_FILE_BYTES = 256 * 1024 * 1024
MAX_ABS_WEIGHT = 1e6
"""A larger weight is damage: no router here trains one."""

_CONFIG = "config.json"
_WEIGHTS = "weights.safetensors"
# Names come from here, never from a config, so that a config cannot point outside its folder.
_DATA_FILES = (_WEIGHTS, "tokenizer.json")
_CONFIG_KEYS = {"schema_version", "kind", "settings", "tensors", "files"}
# no links, and no waiting for ever on a pipe that somebody gave a file's name
_OPEN_SAFELY = sum(getattr(os, flag, 0) for flag in ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY"))


@dataclass(frozen=True, slots=True)
class Artifact:
    """What a checkpoint holds.

    Attributes:
        kind: What was saved, for example `"router/logistic"`.
        settings: Plain JSON values: the constructor's arguments and what else is no array.
        tensors: The learned arrays by name.
        files: Further files by name (`tokenizer.json`), as bytes.
    """

    kind: str
    settings: Mapping[str, Any]
    tensors: Mapping[str, NDArray[Any]] = field(repr=False)
    files: Mapping[str, bytes] = field(default_factory=dict, repr=False)


def save_artifact(folder: str | Path, artifact: Artifact) -> str:
    """Write a checkpoint folder, its config last, each file whole or not at all.

    Args:
        folder: Where to write; made if it is not there, files of the same names replaced.
        artifact: What to write. The same artifact gives the same bytes.

    Returns:
        The SHA-256 of `config.json`, in hex: it pins every other file, so keep it where you trust it and
        give it to `load_artifact` as `expected_sha256`.

    Raises:
        ArtifactSchemaError: If a tensor is not finite, a setting is no plain JSON, a file's name is not one
            a checkpoint may hold, or there is so much of them that `load_artifact` would refuse it.
    """
    from safetensors.numpy import save

    tensors = {name: np.asarray(artifact.tensors[name], order="C") for name in sorted(artifact.tensors)}
    _check_values(tensors)
    files = {_WEIGHTS: save(tensors), **artifact.files}
    for name in files:
        if name not in _DATA_FILES:
            raise ArtifactSchemaError(f"a checkpoint's files must be among {list(_DATA_FILES)}, got {name!r}")
    config = {
        "schema_version": SCHEMA_VERSION,
        "kind": artifact.kind,
        "settings": dict(artifact.settings),
        "tensors": {name: _signature(tensor) for name, tensor in tensors.items()},
        "files": {
            name: {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
            for name, content in sorted(files.items())
        },
    }
    config_bytes = _dump_config(config)
    if _header_bytes(files[_WEIGHTS]) > MAX_HEADER_BYTES:
        raise ArtifactSchemaError(f"tensor names and shapes must fit {MAX_HEADER_BYTES} bytes; save fewer")
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in [*files.items(), (_CONFIG, config_bytes)]:
        _write_whole(folder / name, content)
    return hashlib.sha256(config_bytes).hexdigest()


def load_artifact(
    folder: str | Path, *, expected_sha256: str | None = None, max_bytes: int = MAX_FILE_BYTES
) -> Artifact:
    """Read a checkpoint folder and check every promise its config makes.

    Order: a regular file inside the folder, its size, its hash, then its structure, its keys, dtypes and
    shapes, and last that every value is finite and at most `MAX_ABS_WEIGHT` in size.

    Args:
        folder: The folder that `save_artifact` wrote.
        expected_sha256: The hash of `config.json` that the caller trusts, in hex.
        max_bytes: The largest file to read, in bytes.

    Returns:
        The artifact, equal to the one that was saved.

    Raises:
        ArtifactNotFoundError: If the folder or one of its files is missing.
        ArtifactCorruptError: If a size or a hash differs, or a file cannot be parsed.
        ArtifactSchemaError: If keys, dtypes, shapes or values are not those the config names.
    """
    folder = Path(folder)
    config_bytes = _read(folder, _CONFIG, MAX_CONFIG_BYTES)
    if expected_sha256 is not None:
        _check_hash(_CONFIG, config_bytes, expected_sha256)
    config = _parse_config(config_bytes)
    contents = {}
    for name, promise in config["files"].items():
        content = _read(folder, name, min(max_bytes, promise["bytes"]))
        if len(content) != promise["bytes"]:
            raise ArtifactCorruptError(
                f"{name} must be {promise['bytes']} bytes, got {len(content)}; save it again"
            )
        _check_hash(name, content, promise["sha256"])
        contents[name] = content
    tensors = _parse_weights(contents.pop(_WEIGHTS))
    found = {name: _signature(tensor) for name, tensor in tensors.items()}
    if found != config["tensors"]:
        raise ArtifactSchemaError(
            f"{_WEIGHTS} must hold exactly the tensors that {_CONFIG} names, got other names, dtypes or "
            f"shapes for {sorted(_differing(found, config['tensors']))}"
        )
    _check_values(tensors)
    return Artifact(config["kind"], config["settings"], tensors, contents)


def artifact_kind(folder: str | Path) -> str:
    """Return what a checkpoint folder says it holds, for example `"router/logistic"`.

    Raises:
        ArtifactNotFoundError: If the folder or its config is missing.
        ArtifactCorruptError: If the config cannot be parsed.
        ArtifactSchemaError: If the config's keys are not a checkpoint's.
    """
    kind: str = _parse_config(_read(Path(folder), _CONFIG, MAX_CONFIG_BYTES))["kind"]
    return kind


def _read(folder: Path, name: str, max_bytes: int) -> bytes:
    """Read a regular file that lies in the folder and is no larger than it may be."""
    try:
        root = folder.resolve()
        path = (root / name).resolve()
        if path.parent != root:
            raise ArtifactSchemaError(
                f"a checkpoint's files must lie in its folder, and {name} links out of it"
            )
        descriptor = os.open(path, os.O_RDONLY | _OPEN_SAFELY)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise ArtifactNotFoundError(f"a checkpoint folder must hold {name}, and {folder} does not") from error
    except (OSError, RuntimeError) as error:  # a link to itself is a RuntimeError before Python 3.13
        raise ArtifactSchemaError(f"{name} must be a regular file that can be opened") from error
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise ArtifactSchemaError(f"{name} must be a regular file")
        if status.st_size > max_bytes:
            raise ArtifactCorruptError(f"{name} must be at most {max_bytes} bytes, got {status.st_size}")
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return file.read(max_bytes + 1)
    finally:
        os.close(descriptor)


def _dump_config(config: Mapping[str, Any]) -> bytes:
    try:
        content = (json.dumps(config, indent=1, allow_nan=False, sort_keys=True) + "\n").encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise ArtifactSchemaError("settings must be plain JSON values, numbers finite") from error
    if len(content) > MAX_CONFIG_BYTES:
        raise ArtifactSchemaError(
            f"{_CONFIG} must be at most {MAX_CONFIG_BYTES} bytes, got {len(content)}; "
            "keep what is long in tensors"
        )
    return content


def _write_whole(path: Path, content: bytes) -> None:
    """Write beside the target and rename, so that no reader meets half a file."""
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    partial.write_bytes(content)
    os.replace(partial, path)


def _check_hash(name: str, content: bytes, expected: str) -> None:
    actual = hashlib.sha256(content).hexdigest()
    if actual != expected.lower():
        raise ArtifactCorruptError(
            f"{name} must have the SHA-256 {expected}, got {actual}; it was damaged or exchanged"
        )


def _parse_config(content: bytes) -> dict[str, Any]:
    try:
        config = json.loads(
            content,
            object_pairs_hook=_no_duplicates,
            parse_constant=_no_constant,
            parse_float=_finite,
        )
    except (ValueError, RecursionError) as error:
        raise ArtifactCorruptError(f"{_CONFIG} must be JSON with unique keys and finite numbers") from error
    if not isinstance(config, dict) or set(config) != _CONFIG_KEYS:
        raise ArtifactSchemaError(f"{_CONFIG} must have exactly the keys {sorted(_CONFIG_KEYS)}")
    if type(config["schema_version"]) is not int or config["schema_version"] != SCHEMA_VERSION:
        raise ArtifactSchemaError(
            f"schema_version must be {SCHEMA_VERSION}, got {config['schema_version']!r}; "
            "install the release that wrote this checkpoint"
        )
    kinds = {"kind": str, "settings": dict, "tensors": dict, "files": dict}
    if any(not isinstance(config[key], kind) for key, kind in kinds.items()):
        raise ArtifactSchemaError(
            f"{_CONFIG}'s values must be {', '.join(f'{k}: {v.__name__}' for k, v in kinds.items())}"
        )
    files = config["files"]
    if (
        _WEIGHTS not in files
        or not set(files) <= set(_DATA_FILES)
        or not all(map(_is_promise, files.values()))
    ):
        raise ArtifactSchemaError(
            f"{_CONFIG} must give bytes and sha256 for {_WEIGHTS} and for no unknown file"
        )
    return config


def _is_promise(value: object) -> bool:
    return (
        isinstance(value, dict)
        and set(value) == {"bytes", "sha256"}
        and type(value["bytes"]) is int
        and value["bytes"] >= 0
        and isinstance(value["sha256"], str)
    )


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    # json keeps the last of two equal keys, so a second "sha256" would win unseen
    if len({key for key, _ in pairs}) != len(pairs):
        raise ValueError("duplicate key")
    return dict(pairs)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


def _finite(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):  # 1e999 is a JSON number that no float holds
        raise ValueError("a number must fit a float")
    return value


def _header_bytes(weights: bytes) -> int:
    return int.from_bytes(weights[:8], "little")


def _parse_weights(content: bytes) -> dict[str, NDArray[Any]]:
    from safetensors import SafetensorError
    from safetensors.numpy import load

    # safetensors accepts headers of 50 MB with half a million empty tensors, which take seconds to parse
    if _header_bytes(content) > MAX_HEADER_BYTES:
        raise ArtifactCorruptError(f"{_WEIGHTS}'s header must be at most {MAX_HEADER_BYTES} bytes")
    try:
        return load(content)
    except (SafetensorError, KeyError, ValueError) as error:
        raise ArtifactCorruptError(
            f"{_WEIGHTS} must be a safetensors file; it was damaged, save it again"
        ) from error


def _signature(tensor: NDArray[Any]) -> dict[str, Any]:
    return {"dtype": tensor.dtype.name, "shape": list(tensor.shape)}


def _differing(found: Mapping[str, Any], promised: Mapping[str, Any]) -> set[str]:
    return {name for name in {*found, *promised} if found.get(name) != promised.get(name)}


def _check_values(tensors: Mapping[str, NDArray[Any]]) -> None:
    for name, tensor in tensors.items():
        if tensor.dtype.kind not in "fiu" or tensor.dtype.itemsize > 8:
            raise ArtifactSchemaError(
                f"tensor {name} must hold numbers of at most 64 bits, got dtype {tensor.dtype.name}"
            )
        # NaN fails the comparison too; halves are widened so that the bound itself fits
        if tensor.dtype.kind == "f" and not np.all(np.abs(tensor.astype(np.float64)) <= MAX_ABS_WEIGHT):
            raise ArtifactSchemaError(f"tensor {name} must be finite and at most {MAX_ABS_WEIGHT:g} in size")
