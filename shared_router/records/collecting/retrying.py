"""Which failures may pass, and how long to wait for that: as the provider says, else doubling with chance."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime

_MAY_PASS = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
_CONNECTION_ERRORS = frozenset({"APIConnectionError", "TransportError", "ConnectionError", "TimeoutError"})
FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 60.0


def wait_before_retry(error: Exception, tried: int) -> float | None:
    """Return how long to wait before the next try, in seconds, or None where another try cannot help.

    Args:
        error: What a client raised; an HTTP status is read from `status_code` or `response.status_code`, as
            the OpenAI, Anthropic and httpx errors carry it.
        tried: How many tries have failed before this one, >= 0.
    """
    response = getattr(error, "response", None)
    status = getattr(error, "status_code", None) or getattr(response, "status_code", None)
    if isinstance(status, int):
        if status not in _MAY_PASS:
            return None
    elif not _CONNECTION_ERRORS & {base.__name__ for base in type(error).__mro__}:
        return None
    told = _retry_after(getattr(response, "headers", None))
    if told is not None:
        return min(told, LONGEST_WAIT_S)
    # half of it by chance, so that those refused together do not come back together
    return min(FIRST_WAIT_S * 2.0**tried, LONGEST_WAIT_S) * random.uniform(0.5, 1.0)


def _retry_after(headers: object) -> float | None:
    """Read Retry-After: seconds, or the date to wait for."""
    if not isinstance(headers, Mapping):
        return None
    value = str(headers.get("retry-after", "")).strip()
    if value.replace(".", "", 1).isdigit():
        return float(value)
    try:
        until = parsedate_to_datetime(value)
    except (TypeError, ValueError):
        return None
    if until.tzinfo is None:
        until = until.replace(tzinfo=timezone.utc)
    return max(0.0, (until - datetime.now(timezone.utc)).total_seconds())
