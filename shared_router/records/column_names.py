"""Columns whose names people write in other letters: `Prompt`, `Strong score` and `weak-score` are known."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any


@lru_cache(maxsize=64)
def respelled(columns: frozenset[str], known: frozenset[str]) -> Mapping[str, str]:
    """Return the columns that are known ones in other letters, each with the name it is known by.

    Args:
        columns: The names in a file.
        known: The names that a reader reads: lower case, words joined by "_".

    Returns:
        The known name by the file's. A column in the known letters comes before one in others, and two in
        others are neither: which is meant cannot be told.
    """
    found = {name: plain for name in columns - known if (plain := _plain(name)) in known - columns}
    meant = list(found.values())
    return {name: plain for name, plain in found.items() if meant.count(plain) == 1}


def in_known_names(
    row: Mapping[str, Any], columns: frozenset[str], known: frozenset[str]
) -> Mapping[str, Any]:
    """Return a row under the names that a reader knows; see `respelled`."""
    names = respelled(columns, known)
    return {names.get(name, name): value for name, value in row.items()} if names else row


def known_names(columns: frozenset[str], known: frozenset[str]) -> frozenset[str]:
    """Return a file's columns under the names that a reader knows; see `respelled`."""
    names = respelled(columns, known)
    return frozenset(names.get(name, name) for name in columns) if names else columns


def _plain(name: str) -> str:
    return "_".join(name.lower().replace("-", " ").replace("_", " ").split())
