"""A checkpoint's `config.json`: what it must say, and reading it from bytes that nobody vouches for."""

import json
import mmap
from collections.abc import Mapping
from typing import Any

from shared_router.checkpoints.files import OpenFolder, check_hash, check_pin
from shared_router.checkpoints.strict_json import parse_strict_json
from shared_router.errors import ArtifactCorruptError, ArtifactSchemaError

SCHEMA_VERSION = 1
MAX_CONFIG_BYTES = 64 * 1024
MAX_FILE_BYTES = 256 * 1024 * 1024
CONFIG = "config.json"
WEIGHTS = "weights.safetensors"
# Names come from here, never from a config, so that a config cannot point outside its folder.
DATA_FILES = (WEIGHTS, "tokenizer.json", "card.json")
_KEYS = {"schema_version", "kind", "settings", "tensors", "files"}


def dump_config(config: Mapping[str, Any]) -> bytes:
    """Return the config as bytes, the same for the same config, or refuse what `parse_config` would."""
    try:
        content = (json.dumps(config, indent=1, allow_nan=False, sort_keys=True) + "\n").encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise ArtifactSchemaError("settings must be plain JSON values, numbers finite") from error
    if len(content) > MAX_CONFIG_BYTES:
        raise ArtifactSchemaError(
            f"{CONFIG} must be at most {MAX_CONFIG_BYTES} bytes, got {len(content)}; "
            "keep what is long in tensors"
        )
    return content


def parse_config(content: bytes) -> dict[str, Any]:
    """Return a config that has the keys and types it must have; the tensors' part is compared later."""
    try:
        config = parse_strict_json(content)
    except (ValueError, RecursionError) as error:
        raise ArtifactCorruptError(f"{CONFIG} must be JSON with unique keys and finite numbers") from error
    if not isinstance(config, dict) or set(config) != _KEYS:
        raise ArtifactSchemaError(f"{CONFIG} must have exactly the keys {sorted(_KEYS)}")
    if type(config["schema_version"]) is not int or config["schema_version"] != SCHEMA_VERSION:
        raise ArtifactSchemaError(
            f"schema_version must be {SCHEMA_VERSION}, got {config['schema_version']!r}; "
            "install the release that wrote this checkpoint"
        )
    kinds = {"kind": str, "settings": dict, "tensors": dict, "files": dict}
    if any(not isinstance(config[key], kind) for key, kind in kinds.items()):
        raise ArtifactSchemaError(
            f"{CONFIG}'s values must be {', '.join(f'{k}: {v.__name__}' for k, v in kinds.items())}"
        )
    files = config["files"]
    if WEIGHTS not in files or not set(files) <= set(DATA_FILES) or not all(map(_is_promise, files.values())):
        raise ArtifactSchemaError(
            f"{CONFIG} must give bytes and sha256 for {WEIGHTS} and for no unknown file"
        )
    return config


def read_config(folder: OpenFolder, expected_sha256: str | None) -> dict[str, Any]:
    """Return a folder's config, checked against the hash that pins the checkpoint where that is given."""
    content = bytes(folder.read(CONFIG, MAX_CONFIG_BYTES))
    check_pin(CONFIG, content, expected_sha256)
    return parse_config(content)


def read_promised(
    folder: OpenFolder,
    config: Mapping[str, Any],
    name: str,
    *,
    max_bytes: int = MAX_FILE_BYTES,
    mapped: bool = False,
) -> bytes | mmap.mmap:
    """Return a file whose size and hash are those that the config gives.

    Args:
        folder: The checkpoint.
        config: What `read_config` returned.
        name: One of `config["files"]`.
        max_bytes: The largest file to read.
        mapped: Whether to map the file in place of reading it.
    """
    promise = config["files"][name]
    content = folder.read(name, min(max_bytes, promise["bytes"]), mapped=mapped)
    if len(content) != promise["bytes"]:
        raise ArtifactCorruptError(
            f"{name} must be {promise['bytes']} bytes, got {len(content)}; save it again"
        )
    check_hash(name, content, promise["sha256"])
    return content


def _is_promise(value: object) -> bool:
    return (
        isinstance(value, dict)
        and set(value) == {"bytes", "sha256"}
        and type(value["bytes"]) is int
        and value["bytes"] >= 0
        and isinstance(value["sha256"], str)
    )
