"""Keys of this server's own: who may ask, at which threshold and within which budget; kept as hashes."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared_router.checkpoints.single_file import read_file, write_file
from shared_router.choices import shown_kind
from shared_router.decisions import check_threshold
from shared_router.errors import DataError, InvalidInputError
from shared_router.resilience.budgets.budget import Budget
from shared_router.tenants import checked_tenant

_PREFIX = "rk-"
_MAX_BYTES = 16 * 1024 * 1024
_FIELDS = {"name", "sha256", "threshold", "budget"}


@dataclass(frozen=True, slots=True)
class VirtualKey:
    """One who may ask.

    Attributes:
        name: What its owner is called, in logs and budgets.
        threshold: Its own cost threshold, in [0, 1]; None is the server's.
        budget: What it may spend, as `Budget` takes it; None is not bounded.
    """

    name: str
    threshold: float | None = None
    budget: Mapping[str, Any] | None = None


def read_keys(path: str | Path) -> dict[str, VirtualKey]:
    """Read a file of keys.

    Args:
        path: JSON, `{"keys": [{"name": ..., "sha256": ..., "threshold": ..., "budget": {"dollars": ...,
            "per": ...}}]}`; the last two may be missing.

    Returns:
        The keys by their SHA-256, in hexadecimal.

    Raises:
        DataError: If it holds something else; what it holds is not repeated.
        ArtifactNotFoundError: If there is no such file.
    """
    try:
        found = json.loads(read_file(path, _MAX_BYTES))
        keys = {str(each["sha256"]): _key(each) for each in found["keys"]}
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        said = str(error) if isinstance(error, InvalidInputError) else "another shape"
        raise DataError(
            'a file of keys must hold {"keys": [{"name", "sha256", "threshold"?, "budget"?}]}: ' + said
        ) from None
    if not all(len(key) == 64 and set(key) <= set("0123456789abcdef") for key in keys):
        raise DataError("a key's sha256 must be 64 hexadecimal digits, those of the key's own SHA-256")
    if len(keys) < len(found["keys"]):
        raise DataError("each key in a file must have a hash of its own, and two share one")
    for name in {key.name for key in keys.values()}:
        if len({repr(key) for key in keys.values() if key.name == name}) > 1:
            raise DataError("two keys of one name must have the same threshold and budget, and differ")
    return keys


def new_key(path: str | Path, name: str) -> str:
    """Add a key to a file, made where it is not there, and return it: it is shown this once.

    Where the file has a key of that name, this one is beside it, with its threshold and its budget, until the
    old one is taken out of the file.

    Raises:
        InvalidInputError: If the name is none.
        DataError: If the file is none of keys.
    """
    known = checked_tenant(name)
    rows: list[dict[str, Any]] = []
    if Path(path).exists():
        read_keys(path)  # which refuses what is none
        rows = json.loads(read_file(path, _MAX_BYTES))["keys"]
    alike: dict[str, Any] = next((row for row in rows if checked_tenant(row["name"]) == known), {})
    key = _PREFIX + secrets.token_urlsafe(32)
    row = {**alike, "name": known, "sha256": hash_of(key)}
    write_file(path, json.dumps({"keys": [*rows, row]}, indent=1).encode() + b"\n", overwrite=True)
    return key


def hash_of(key: str) -> str:
    """Return a key's SHA-256; ours are 256 random bits, which need no salt."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def _key(row: object) -> VirtualKey:
    if not isinstance(row, dict) or set(row) - _FIELDS:
        raise InvalidInputError(f"a key must hold nothing but {sorted(_FIELDS)}")
    name, threshold, budget = checked_tenant(row["name"]), row.get("threshold"), row.get("budget")
    if threshold is not None:
        check_threshold(threshold)
    if budget is not None:
        if not isinstance(budget, dict):
            raise InvalidInputError(f"a key's budget must be an object, got {shown_kind(budget)}")
        Budget(**{**budget, "store": None})  # refused here, when the server starts
    return VirtualKey(name or "", threshold, budget)
