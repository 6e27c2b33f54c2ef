"""The decisions of logs for a command, which are refused where there are none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from shared_router.errors import DataError

if TYPE_CHECKING:
    from shared_router.telemetry.logged import LoggedDecisions


def read_decisions(paths: Sequence[str]) -> LoggedDecisions:
    """Read the decision logs that a command was given.

    Args:
        paths: Their files.

    Raises:
        DataError: If none of their lines is a decision.
    """
    from shared_router.telemetry import read_log

    log = read_log(paths)
    if not log.rows:
        raise DataError(
            f"a log must hold decisions, lines that DecisionLog wrote, got none in {', '.join(paths)}"
            + (f"; {log.skipped()}" if log.skipped() else "")
        )
    return log
