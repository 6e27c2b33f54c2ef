"""Prompts that are the same or nearly so, found by MinHash over runs of three words.

Broder's resemblance: two prompts are near duplicates where their sets of three-word runs share at least four
fifths. Candidates are prompts that agree in a band of their signatures, so no pair is looked at in vain
and tens of thousands of prompts take seconds.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from shared_router.evaluation.pair import Rows
from shared_router.text import prompt_key

RESEMBLANCE = 0.8
_RUN = 3
_BANDS, _ROWS = 16, 4  # prompts that resemble by .8 agree in a band with probability .9998
_PRIME = np.uint64((1 << 31) - 1)


@dataclass(frozen=True, slots=True)
class Repeats:
    """Which prompts repeat others.

    Attributes:
        groups: The group of each prompt, shape (n,), numbers from 0 on; equal and nearly equal ones share it.
        n_duplicates: How many prompts are equal to an earlier one (`prompt_key`).
        n_near_duplicates: How many further ones are nearly so.
    """

    groups: Rows = field(repr=False)
    n_duplicates: int
    n_near_duplicates: int


def find_repeats(prompts: Sequence[str]) -> Repeats:
    """Group prompts that are equal or nearly so, and count them.

    Args:
        prompts: n texts, n >= 1.
    """
    groups = duplicate_groups(prompts)
    distinct = len({prompt_key(prompt) for prompt in prompts})
    return Repeats(groups, len(prompts) - distinct, distinct - (int(groups.max()) + 1))


def duplicate_groups(prompts: Sequence[str]) -> Rows:
    """Group prompts that are equal or nearly so.

    Args:
        prompts: n texts; case and spacing do not matter (`prompt_key`).

    Returns:
        The group of each prompt, shape (n,), numbers from 0 on.
    """
    keys = [prompt_key(prompt) for prompt in prompts]
    distinct = sorted(set(keys))  # np.unique would give each text the room of the longest
    places = {key: place for place, key in enumerate(distinct)}
    runs = [_runs(prompt) for prompt in distinct]
    groups = _Groups(len(distinct))
    signatures = _signatures(runs)
    for band in range(_BANDS):
        rows = np.ascontiguousarray(signatures[:, band * _ROWS : (band + 1) * _ROWS])
        order = np.lexsort(rows.T)
        alike = (rows[order[1:]] == rows[order[:-1]]).all(axis=1)
        for place in np.flatnonzero(alike):
            one, other = int(order[place]), int(order[place + 1])
            if groups.find(one) != groups.find(other) and _resemblance(runs[one], runs[other]) >= RESEMBLANCE:
                groups.join(one, other)
    found = np.unique([groups.find(i) for i in range(len(distinct))], return_inverse=True)[1]
    return found[[places[key] for key in keys]].astype(np.int64)


def _runs(text: str) -> NDArray[np.uint64]:
    words = text.split()
    if len(words) <= _RUN:
        return np.array([zlib.crc32(" ".join(words).encode())], dtype=np.uint64)
    runs = {zlib.crc32(" ".join(words[i : i + _RUN]).encode()) for i in range(len(words) - _RUN + 1)}
    return np.array(sorted(runs), dtype=np.uint64)


def _signatures(runs: Sequence[NDArray[np.uint64]]) -> NDArray[np.uint64]:
    """Return the least of each of 64 hashes over every prompt's runs, shape (n, 64)."""
    rng = np.random.default_rng(0)
    n_hashes = _BANDS * _ROWS
    factors = rng.integers(1, int(_PRIME), n_hashes, dtype=np.uint64)
    shifts = rng.integers(0, int(_PRIME), n_hashes, dtype=np.uint64)
    every = np.concatenate(runs) % _PRIME
    starts = np.concatenate([[0], np.cumsum([len(run) for run in runs])[:-1]]).astype(np.int64)
    columns = [
        np.minimum.reduceat((every * factor + shift) % _PRIME, starts)
        for factor, shift in zip(factors, shifts, strict=True)
    ]
    return np.stack(columns, axis=1)


def _resemblance(one: NDArray[np.uint64], other: NDArray[np.uint64]) -> float:
    shared = len(np.intersect1d(one, other, assume_unique=True))
    return shared / (len(one) + len(other) - shared)


class _Groups:
    """Union-find over n members."""

    def __init__(self, n: int) -> None:
        self._parents = list(range(n))

    def find(self, member: int) -> int:
        """Return the group's first member."""
        while self._parents[member] != member:
            self._parents[member] = self._parents[self._parents[member]]
            member = self._parents[member]
        return member

    def join(self, one: int, other: int) -> None:
        """Make two groups one."""
        low, high = sorted((self.find(one), self.find(other)))
        self._parents[high] = low
