"""What somebody says of an answer, as a line of a decision log."""

from __future__ import annotations

import math
import re
import time
from numbers import Real
from typing import Any

from shared_router.choices import shown, shown_kind
from shared_router.errors import InvalidInputError
from shared_router.telemetry.log_line import VERSION, iso_time

_ID = re.compile(r"[0-9a-f]{32}")
_LONGEST_SOURCE = 200


def feedback_line(
    decision_id: str, score: float, *, source: str, when: float | None = None
) -> dict[str, Any]:
    """Return the line of one word of feedback.

    Args:
        decision_id: The decision's name, 32 hexadecimal digits, as an answer's metadata tells it.
        score: How good the answer was, in [0, 1]; True and False are 1 and 0.
        source: Who says so.
        when: In seconds since the epoch; None is now.

    Raises:
        InvalidInputError: If one of them breaks its rule.
    """
    if not isinstance(decision_id, str) or not _ID.fullmatch(decision_id):
        raise InvalidInputError(
            "decision_id must be 32 hexadecimal digits, as an answer's metadata holds them in "
            f'["routellm"]["decision_id"], got {shown_kind(decision_id)}'
        )
    if not isinstance(score, Real) or not 0 <= score <= 1:
        raise InvalidInputError(
            f"score must be in [0, 1], got {shown(score)}; of grades from a to b it is (grade - a) / (b - a)"
        )
    if not isinstance(source, str) or not source.strip() or len(source) > _LONGEST_SOURCE:
        raise InvalidInputError(
            f"source must be a name of at most {_LONGEST_SOURCE} characters, got {shown_kind(source)}"
        )
    if when is not None and not (isinstance(when, Real) and math.isfinite(when)):
        raise InvalidInputError(f"when must be seconds since the epoch, got {shown(when)}")
    told = iso_time(time.time() if when is None else float(when))
    return {"v": VERSION, "feedback": decision_id, "score": float(score), "source": source, "time": told}
