"""How much one source's feedback may count: no more than its share, and none that contradicts all others.

Whoever can send feedback can send false feedback, and a router that believes it sends an attacker's requests
where the attacker likes, or everybody's to the dear model. Two rules, per source (a user, a key, a grader):

* a cap: of the feedback that still counts, at most a share comes from one source;
* a trim: a source whose grades keep lying on one side of what is expected, or favour one model against what
  is expected, by more than four standard errors beyond what all sources do, is left out until they do not.

Neither helps where an attacker has many sources of a few grades each: name as source what is dear to make,
such as a paying account, and not an address.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared_router.checkpoints.artifact import MAX_ABS_WEIGHT
from shared_router.errors import ArtifactSchemaError

_ALWAYS_TAKEN = 20.0
"""Feedback that every source may give whatever the share: at the beginning one source is all there is."""
_TRIM = 4.0
_LEAST_JUDGED = 10.0
_DEVIATION = 0.5
"""No grade in [0, 1] deviates more from what is expected of it."""
_COMMON_MEMORY = 200.0


class SourceTrust:
    """Remember how much each source has said, and how far from what was expected; names as hashes alone.

    Args:
        most_share: Of the feedback that counts, what one source may have given, in (0, 1]; 1 caps nothing.
        memory: After how much feedback one counts for 1 / e; None forgets nothing.
        most_sources: How many sources are remembered; those not heard for longest are forgotten.
    """

    def __init__(self, *, most_share: float, memory: float | None, most_sources: int = 10_000) -> None:
        self.most_share = most_share
        self._fade = 1.0 if memory is None else 1 - 1 / memory
        self._most_sources = most_sources
        self._sources: OrderedDict[int, list[float]] = OrderedDict()  # at, seen, taken, two sums
        self._common = [0.0, 0.0]
        self._now = 0

    def weight(self, source: str, surprise: float, *, strong: bool, of_all: float) -> float:
        """Return what a grade of a source counts, 0 or 1, and remember it.

        Args:
            source: Whose grade it is.
            surprise: The grade less what was expected of it.
            strong: Whether the strong model's answer was graded.
            of_all: How much feedback counts now, of all sources.
        """
        self._now += 1
        signed = (surprise, surprise if strong else -surprise)
        known = self._known(source)
        known[1] += 1
        for place, each in enumerate(signed):
            known[3 + place] += each - self._common[place]
            self._common[place] += (each - self._common[place]) / _COMMON_MEMORY
        limit = _TRIM * _DEVIATION * math.sqrt(known[1])
        trimmed = known[1] >= _LEAST_JUDGED and max(abs(known[3]), abs(known[4])) > limit
        capped = known[2] + 1 > max(_ALWAYS_TAKEN, self.most_share * of_all)
        if trimmed or capped:
            return 0.0
        known[2] += 1
        return 1.0

    def __len__(self) -> int:
        """Count the sources remembered."""
        return len(self._sources)

    def as_tensors(self) -> dict[str, NDArray[Any]]:
        """Return what is remembered, for a checkpoint; ages in the place of times."""
        rows = [[self._now - known[0], *known[1:]] for known in self._sources.values()]
        # beyond what a checkpoint may hold, such as the age of a source long silent, more says nothing new
        kept = np.clip(np.array(rows, dtype=np.float64), -MAX_ABS_WEIGHT, MAX_ABS_WEIGHT)
        return {
            "sources.keys": np.array(list(self._sources), dtype=np.uint64),
            "sources.rows": kept.reshape(-1, 5),
            "sources.common": np.array(self._common),
        }

    def restore(self, tensors: Mapping[str, NDArray[Any]]) -> None:
        """Take what `as_tensors` returned.

        Raises:
            ArtifactSchemaError: If it is no such thing.
        """
        keys, rows, common = (tensors[f"sources.{name}"] for name in ("keys", "rows", "common"))
        right = keys.dtype == np.uint64 and rows.dtype == common.dtype == np.float64
        if (
            not right
            or rows.shape != (len(keys), 5)
            or common.shape != (2,)
            or len(keys) > self._most_sources
        ):
            raise ArtifactSchemaError("an online router's sources must be a row of five numbers for each key")
        if (rows[:, :3] < 0).any():
            raise ArtifactSchemaError("a source's age and what it has said must be numbers >= 0")
        found = zip(keys.tolist(), rows.tolist(), strict=True)
        self._sources = OrderedDict((key, [-row[0], *row[1:]]) for key, row in found)
        self._common = common.tolist()
        self._now = 0

    def _known(self, source: str) -> list[float]:
        """Return what is known of a source, faded to now."""
        key = int.from_bytes(blake2b(source.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")
        known = self._sources.pop(key, None) or [float(self._now), 0.0, 0.0, 0.0, 0.0]
        faded = self._fade ** (self._now - known[0])
        known = self._sources[key] = [float(self._now), *(each * faded for each in known[1:])]
        while len(self._sources) > self._most_sources:
            self._sources.popitem(last=False)
        return known
