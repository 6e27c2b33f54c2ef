"""How far a run is: bytes of all files, rows a second, and the time that is left."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from shared_router.progress import SHOWN_AFTER_S

if TYPE_CHECKING:
    from typing_extensions import Self


class ScoringBar:
    """A bar over the bytes of files.

    Args:
        n_bytes: Of all files.
        n_files: How many there are.
        shown: Whether to show it, where standard error is a terminal.
    """

    def __init__(self, n_bytes: int, n_files: int, *, shown: bool) -> None:
        from tqdm.auto import tqdm

        # The mean speed, as parts end in bursts; None asks whether it is a terminal.
        self._bar = tqdm(
            desc="scoring",
            total=n_bytes,
            unit="B",
            unit_scale=True,
            smoothing=0,
            disable=None if shown else True,
            postfix="0 rows/s",
            delay=SHOWN_AFTER_S,
        )
        self._files, self._n_files = 0, n_files
        self._rows = 0
        self._started = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._bar.close()

    def skip(self, n_bytes: int) -> None:
        """Count what was done before, which tells nothing of this run's speed."""
        if not self._bar.disable:
            self._bar.initial += n_bytes
            self._bar.update(n_bytes)

    def add(self, rows: int, n_bytes: int) -> None:
        """Count what this run has scored."""
        self._rows += rows
        speed = self._rows / max(1e-9, time.monotonic() - self._started)
        told = f"{speed:,.0f} rows/s, {self._files:,} of {self._n_files:,} files"
        self._bar.set_postfix_str(told, refresh=False)
        self._bar.update(n_bytes)

    def end_file(self) -> None:
        """Count a file that has its scores."""
        self._files += 1
