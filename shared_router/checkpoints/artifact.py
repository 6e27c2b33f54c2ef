"""Checkpoints: a folder of plain data that is checked before it is used.

    config.json           what is in the folder: kind, settings, every tensor's dtype and shape, every
                          other file's size and SHA-256
    weights.safetensors   the tensors
    tokenizer.json        where an embedder or a transformer is saved, its tokenizer
    card.json             where a router was measured, what came of it

safetensors validates structure, not content: about a third of random corruptions load as finite, wrong
weights, so the hash is checked first and the tensors are parsed from the very bytes that were hashed.
A hash that lies beside the weights finds damage, not an attacker; against one, give `expected_sha256`
from a place you trust: the SHA-256 of config.json, which holds that of every other file. Nothing here
unpickles or runs what a checkpoint holds.
"""

import hashlib
import mmap
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared_router.checkpoints.config import (
    CONFIG,
    DATA_FILES,
    MAX_CONFIG_BYTES,
    MAX_FILE_BYTES,
    SCHEMA_VERSION,
    WEIGHTS,
    dump_config,
    parse_config,
    read_config,
    read_promised,
)
from shared_router.checkpoints.files import OpenFolder, check_pin, read_whole
from shared_router.checkpoints.mapped import map_weights
from shared_router.errors import ArtifactCorruptError, ArtifactSchemaError

MAX_HEADER_BYTES = 64 * 1024
MAX_ABS_WEIGHT = 1e6
"""A larger weight is damage: no router here trains one."""


@dataclass(frozen=True, slots=True)
class Artifact:
    """What a checkpoint holds.

    Attributes:
        kind: What was saved, for example `"router/logistic"`.
        settings: Plain JSON values: the constructor's arguments and what else is no array.
        tensors: The learned arrays by name.
        files: Further files by name (`tokenizer.json`), as bytes.
        sha256: The hash that pins the checkpoint it was read from; "" for one that nobody has read.
    """

    kind: str
    settings: Mapping[str, Any]
    tensors: Mapping[str, NDArray[Any]] = field(repr=False)
    files: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    sha256: str = field(default="", repr=False, compare=False)


def save_artifact(folder: str | Path, artifact: Artifact, *, overwrite: bool = False) -> str:
    """Write a checkpoint folder, whole or not at all: a crash leaves what was there or what is new.

    Args:
        folder: Where to write; made if it is not there.
        artifact: What to write. The same artifact gives the same bytes.
        overwrite: Whether to replace a checkpoint that is there. A folder that holds anything else is never
            replaced.

    Returns:
        The SHA-256 of `config.json`, in hex: it pins every other file, so keep it where you trust it and
        give it to `load_artifact` as `expected_sha256`.

    Raises:
        ArtifactSchemaError: If a tensor is not finite, a setting is no plain JSON, a file's name is not one
            a checkpoint may hold, or there is so much of them that `load_artifact` would refuse it.
        ArtifactExistsError: If the folder holds a checkpoint and `overwrite` is false, or anything else.
        ArtifactWriteError: If there is no room or no permission; nothing is left behind then.
    """
    # a program that only loads does not wait for what writes
    from safetensors.numpy import save

    from shared_router.checkpoints.folders import write_folder

    tensors = {name: np.asarray(artifact.tensors[name], order="C") for name in sorted(artifact.tensors)}
    _check_values(tensors)
    files = {WEIGHTS: save(tensors), **artifact.files}
    for name in files:
        if name not in DATA_FILES:
            raise ArtifactSchemaError(f"a checkpoint's files must be among {list(DATA_FILES)}, got {name!r}")
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
    config_bytes = dump_config(config)
    if _header_bytes(files[WEIGHTS]) > MAX_HEADER_BYTES:
        raise ArtifactSchemaError(f"tensor names and shapes must fit {MAX_HEADER_BYTES} bytes; save fewer")
    write_folder(folder, {**files, CONFIG: config_bytes}, overwrite=overwrite)
    return hashlib.sha256(config_bytes).hexdigest()


def load_artifact(
    folder: str | Path,
    *,
    expected_sha256: str | None = None,
    max_bytes: int = MAX_FILE_BYTES,
    memory_map: bool = False,
) -> Artifact:
    """Read a checkpoint folder and check every promise its config makes.

    Order: a regular file inside the folder, its size, its hash, then its structure, its keys, dtypes and
    shapes, and last that every value is finite and at most `MAX_ABS_WEIGHT` in size.

    Args:
        folder: The folder that `save_artifact` wrote.
        expected_sha256: The hash of `config.json` that the caller trusts, in hex.
        max_bytes: The largest file to read, in bytes.
        memory_map: Lay the tensors over the mapped weights instead of copying them: the system then holds
            one copy for all processes and may drop it under pressure. They are read-only, and the file
            must not be written to while they are in use (`save_artifact` replaces it, which is safe).

    Returns:
        The artifact, equal to the one that was saved.

    Raises:
        ArtifactNotFoundError: If the folder or one of its files is missing.
        ArtifactCorruptError: If a size or a hash differs, or a file cannot be parsed.
        ArtifactSchemaError: If keys, dtypes, shapes or values are not those the config names.
        InvalidInputError: If `expected_sha256` is not 64 hex digits.
    """
    pinned, config, contents = read_whole(
        folder, lambda opened: _read_files(opened, expected_sha256, max_bytes, memory_map=memory_map)
    )
    weights = contents.pop(WEIGHTS)
    tensors = _parse_weights(weights)
    found = {name: _signature(tensor) for name, tensor in tensors.items()}
    if found != config["tensors"]:
        raise ArtifactSchemaError(
            f"{WEIGHTS} must hold exactly the tensors that {CONFIG} names, got other names, dtypes or "
            f"shapes for {sorted(_differing(found, config['tensors']))}"
        )
    _check_values(tensors)
    return Artifact(config["kind"], config["settings"], tensors, contents, pinned)


def artifact_kind(folder: str | Path) -> str:
    """Return what a checkpoint folder says it holds, for example `"router/logistic"`.

    Raises:
        ArtifactNotFoundError: If the folder or its config is missing.
        ArtifactCorruptError: If the config cannot be parsed.
        ArtifactSchemaError: If the config's keys are not a checkpoint's.
    """
    kind: str = read_whole(folder, lambda opened: read_config(opened, None))["kind"]
    return kind


def _read_files(
    folder: OpenFolder, expected_sha256: str | None, max_bytes: int, *, memory_map: bool
) -> tuple[str, dict[str, Any], dict[str, Any]]:
    content = bytes(folder.read(CONFIG, MAX_CONFIG_BYTES))
    check_pin(CONFIG, content, expected_sha256)
    config = parse_config(content)
    contents: dict[str, Any] = {}
    for name in config["files"]:
        mapped = memory_map and name == WEIGHTS
        contents[name] = read_promised(folder, config, name, max_bytes=max_bytes, mapped=mapped)
    return hashlib.sha256(content).hexdigest(), config, contents


def _header_bytes(weights: bytes | mmap.mmap) -> int:
    return int.from_bytes(weights[:8], "little")


def _parse_weights(content: bytes | mmap.mmap) -> dict[str, NDArray[Any]]:
    from safetensors import SafetensorError
    from safetensors.numpy import load

    # safetensors accepts headers of 50 MB with half a million empty tensors, which take seconds to parse
    if _header_bytes(content) > MAX_HEADER_BYTES:
        raise ArtifactCorruptError(f"{WEIGHTS}'s header must be at most {MAX_HEADER_BYTES} bytes")
    try:
        return load(content) if isinstance(content, bytes) else map_weights(content)
    except (SafetensorError, ArithmeticError, LookupError, RecursionError, TypeError, ValueError) as error:
        raise ArtifactCorruptError(
            f"{WEIGHTS} must be a safetensors file; it was damaged, save it again"
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
        # a NaN is both the least and the greatest value and fails either comparison; the two extremes
        # are compared as Python floats, since no half holds the bound, and without copying the tensor
        if tensor.dtype.kind == "f" and not (
            tensor.size == 0
            or -MAX_ABS_WEIGHT <= float(tensor.min()) <= float(tensor.max()) <= MAX_ABS_WEIGHT
        ):
            raise ArtifactSchemaError(f"tensor {name} must be finite and at most {MAX_ABS_WEIGHT:g} in size")
