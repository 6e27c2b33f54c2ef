"""What a local router keeps of the prompts it learned from, so that grades may be added: numbers, no text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from shared_router.errors import ArtifactSchemaError
from shared_router.routers.local_reading import Reading
from shared_router.routers.local_rows import GradedRows

if TYPE_CHECKING:
    from typing_extensions import Self

_PREFIX = "rows."
_KEPT = {"keys": "uint64", "gains": "float32", "wins": "float32", "counts": "float32"}
_READ = {"vectors": "float16", "features": "float32", "scores": "float32"}


@dataclass(frozen=True)
class KeptRows:
    """The rows, and what was read of each.

    Attributes:
        rows: The grades.
        reading: What the prompts were read as.
    """

    rows: GradedRows
    reading: Reading

    def __post_init__(self) -> None:
        """Let the texts go."""
        object.__setattr__(self, "rows", replace(self.rows, prompts=()))

    def tensors(self) -> dict[str, NDArray[Any]]:
        """Return the arrays by name, for a checkpoint, in half the width and less."""
        own = {name: getattr(self.rows, name).astype(dtype) for name, dtype in _KEPT.items()}
        read = {name: getattr(self.reading, name).astype(dtype) for name, dtype in _READ.items()}
        return {f"{_PREFIX}{name}": array for name, array in {**own, **read}.items()}

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, NDArray[Any]]) -> Self:
        """Read what `tensors` wrote.

        Raises:
            ArtifactSchemaError: If an array has another type or length.
            LookupError: If one is missing.
        """
        found = {name: tensors[f"{_PREFIX}{name}"] for name in {**_KEPT, **_READ}}
        if any(found[name].dtype.name != dtype for name, dtype in {**_KEPT, **_READ}.items()) or (
            len({len(array) for array in found.values()}) > 1
        ):
            raise ArtifactSchemaError("a local router's rows must be arrays of one length, each of its type")
        gains, wins, counts = (found[name].astype(np.float64) for name in ("gains", "wins", "counts"))
        reading = Reading(
            found["vectors"].astype(np.float32),
            found["features"].astype(np.float64),
            found["scores"].astype(np.float64),
        )
        return cls(GradedRows((), found["keys"], gains, wins, counts), reading)
