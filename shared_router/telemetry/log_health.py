"""How a decision log has done: what stands in the file, what waits, what was lost."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LogHealth:
    """How a log has done so far in this process.

    Attributes:
        written: How many lines stand in the file.
        waiting: How many are yet to be written.
        dropped: How many were left out because too many waited.
        failed: How many could not be written: a full disk, no permission.
        error: The class of the latest error; None where the latest lines were written.
    """

    written: int = 0
    waiting: int = 0
    dropped: int = 0
    failed: int = 0
    error: str | None = None
