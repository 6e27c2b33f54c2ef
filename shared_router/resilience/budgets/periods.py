"""The hours, days and months that a budget renews in: the calendar's, in UTC.

A calendar's period, as bills have it, is one number for each key, so that processes can share it at the cost
of an addition. A rolling window would hold across the boundary too (here, two periods' dollars can be spent
in less time than one period takes, around it), and needs a log of all calls to be exact.
"""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Literal, get_args

from shared_router.choices import check_choice

Per = Literal["hour", "day", "month"]

_SECONDS = {"hour": 3600, "day": 86_400}


def check_per(per: object) -> None:
    """Check what a budget renews in.

    Raises:
        InvalidInputError: If it is none of `Per`.
    """
    check_choice("per", per, get_args(Per))


def period_at(seconds: float, per: Per) -> int:
    """Return the number of the period that a moment is in; a later one has a larger number.

    Args:
        seconds: The moment, in seconds since the epoch.
        per: What periods are.
    """
    if per == "month":
        moment = datetime.fromtimestamp(seconds, timezone.utc)
        return moment.year * 12 + moment.month - 1
    return int(seconds // _SECONDS[per])


def period_end(period: int, per: Per) -> str:
    """Return when a period ends, as ISO-8601 in UTC."""
    if per == "month":
        year, month = divmod(period + 1, 12)
        end = datetime(year, month + 1, 1, tzinfo=timezone.utc)
    else:
        end = datetime.fromtimestamp((period + 1) * _SECONDS[per], timezone.utc)
    return end.strftime("%Y-%m-%dT%H:%MZ")
