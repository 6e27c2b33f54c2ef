"""What routing saved in a period, and how that became clear over it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

import numpy as np

from shared_router.calibration.promise import Promise
from shared_router.errors import DataError
from shared_router.proof.proven_savings import ProvenSavings, proven_savings
from shared_router.proof.routed_calls import RoutedCalls
from shared_router.proof.would_savings import WouldSavings

_MOMENTS = 12


@dataclass(frozen=True, slots=True)
class SavingsReport:
    """What routing saved.

    Attributes:
        total: Over the whole period.
        began: When its first call was asked, in seconds since the epoch.
        ended: When its last one was.
        over_time: From its beginning to each of some moments, where that much was known then.
        left_out: How many decisions are not in it, by the reason.
        notes: What somebody who believes it should know, a sentence each.
        would: What other policies that were asked would have saved beside this one.
    """

    total: ProvenSavings
    began: float
    ended: float
    over_time: tuple[tuple[float, ProvenSavings], ...] = ()
    left_out: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    would: tuple[WouldSavings, ...] = ()

    def words(self) -> list[str]:
        """Say it in a few lines, the first of which is the whole of it."""
        found = self.total
        period = f"{_day(self.began)} to {_day(self.ended)}"
        return [
            f"saved {dollars(found.saved_dollars)} ({dollar_interval(found.saved_interval)}), "
            f"{_quality_words(found)}{_guarantee_words(found)}",
            f"{found.n_calls:,} calls, {period}: paid {dollars(found.bill)}, by the strong model alone about "
            f"{dollars(found.all_strong_dollars)}; {found.n_weak:,} went to a weaker model",
            f"the strong model was asked too on {found.n_shadows:,} of these; all shadows cost "
            f"{dollars(found.shadow_dollars)} beside the bill",
            *self.notes,
            *map(_would_words, self.would),
            *(f"left out, {reason}: {count:,}" for reason, count in self.left_out.items()),
        ]

    def as_json(self) -> dict[str, Any]:
        """Return it as what `json.dumps` takes."""
        return {
            **_as_json(self.total),
            "began": _iso(self.began),
            "ended": _iso(self.ended),
            "over_time": [{"until": _iso(until), **_as_json(found)} for until, found in self.over_time],
            "left_out": dict(self.left_out),
            "notes": list(self.notes),
            "would": [each.as_json() for each in self.would],
        }


def savings_report(
    calls: RoutedCalls,
    *,
    promise: Promise | None = None,
    left_out: Mapping[str, int] | None = None,
    would: tuple[WouldSavings, ...] = (),
    seed: int = 0,
) -> SavingsReport:
    """Estimate what routing saved over a period and up to moments within it.

    Args:
        calls: The answered calls of the period.
        promise: A promise of quality to hold against them.
        left_out: What the report says was left out.
        would: What other policies would have saved (`would_savings`).
        seed: As in `proven_savings`.

    Raises:
        DataError: As `proven_savings`.
    """
    total = proven_savings(calls, promise=promise, seed=seed)
    began, ended = float(calls.times.min()), float(calls.times.max())
    over_time = []
    for until in np.linspace(began, ended, _MOMENTS + 1)[1:].tolist():
        try:
            found = proven_savings(calls.some(calls.times <= until), promise=promise, seed=seed)
        except DataError:  # not yet: too few shadows by then
            continue
        over_time.append((until, found))
    notes = _notes(calls, total)
    return SavingsReport(total, began, ended, tuple(over_time), dict(left_out or {}), notes, would)


def _notes(calls: RoutedCalls, found: ProvenSavings) -> tuple[str, ...]:
    notes = []
    if found.quality_by == "feedback":
        notes.append(
            f"quality is by {found.n_graded:,} users' word, which speaks for those who are silent only where "
            "they are alike; a graded shadow sample asks nobody"
        )
    elif found.quality_by == "shadow" and found.n_weak:
        notes.append(f"quality is by {found.n_graded:,} pairs of answers, graded side by side")
    missing = found.n_shadows - found.n_graded
    if found.quality_by == "shadow" and missing > found.n_shadows / 10:
        notes.append(
            f"{missing:,} shadows have no grade; the quality is right only where those are like the others"
        )
    if np.isnan(calls.share[~np.isnan(calls.other_dollars)]).any():
        notes.append("some shadows do not say how likely they were; they are taken to be drawn alike")
    return tuple(notes)


def _as_json(found: ProvenSavings) -> dict[str, Any]:
    promised = found.guarantee
    return {
        "saved_dollars": found.saved_dollars,
        "saved_interval": list(found.saved_interval),
        "saved_share": found.saved_share,
        "quality_change": found.quality_change,
        "quality_interval": None if found.quality_interval is None else list(found.quality_interval),
        "quality_by": found.quality_by,
        "guarantee": None
        if promised is None
        else {
            "method": promised.method,
            "target": promised.target,
            "holds": promised.holds,
            "loss": promised.loss,
            "interval": None if promised.interval is None else list(promised.interval),
        },
        "n_calls": found.n_calls,
        "n_weak": found.n_weak,
        "n_shadows": found.n_shadows,
        "n_graded": found.n_graded,
        "bill": found.bill,
        "all_strong_dollars": found.all_strong_dollars,
        "shadow_dollars": found.shadow_dollars,
    }


def dollars(amount: float, *, digits: int = 3) -> str:
    """Return dollars with as many digits as say something; below one dollar, at most so many."""
    sign, size = "-" if amount < 0 else "", abs(amount)
    if size >= 1:
        return f"{sign}${size:,.2f}"
    return f"{sign}${size:.{digits}g}" if size else "$0"


def dollar_interval(interval: tuple[float, float]) -> str:
    """Say both ends, with more digits where they would look alike."""
    for digits in (3, 4, 5, 6):
        low, high = (dollars(end, digits=digits) for end in interval)
        if low != high:
            break
    return f"{low} to {high}"


def _quality_words(found: ProvenSavings) -> str:
    if found.quality_change is None or found.quality_interval is None:
        return "at a quality that nobody knows"
    low, high = found.quality_interval
    return f"quality changed {found.quality_change:+.4f} ({low:+.4f} to {high:+.4f})"


def _would_words(found: WouldSavings) -> str:
    moved = (
        f"policy {found.name} would have sent {found.strong_fraction:.3f} of {found.n_calls:,} calls strong, "
        f"not {found.routed_strong_fraction:.3f}, and {found.n_elsewhere:,} elsewhere"
    )
    if found.saved_dollars is None or found.saved_interval is None:
        return f"{moved}; too few of these have a shadow to tell their dollars"
    less = f"{moved}: {dollars(found.saved_dollars)} less ({dollar_interval(found.saved_interval)})"
    if found.quality_change is None or found.quality_interval is None:
        return f"{less}, at a quality that nobody knows"
    low, high = found.quality_interval
    return f"{less}, quality {found.quality_change:+.4f} ({low:+.4f} to {high:+.4f})"


def _guarantee_words(found: ProvenSavings) -> str:
    promised = found.guarantee
    if promised is None:
        return ""
    said = {True: "holds", False: "does not hold", None: "is not shown to hold"}[promised.holds]
    return f", the guarantee ({promised.method} {promised.target:g}) {said}"


def _day(time: float) -> str:
    return datetime.fromtimestamp(time, timezone.utc).strftime("%Y-%m-%d")


def _iso(time: float) -> str:
    return datetime.fromtimestamp(time, timezone.utc).isoformat(timespec="seconds")
