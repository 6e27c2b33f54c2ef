"""What a test counts: conversations, each once, when nothing more can be added to it.

Requests of one conversation are one arm's together and like each other, so that they are one observation. A
conversation is counted when it has been silent for a while, by what it was until then: a later look never
changes what an earlier one saw, as the interval's promise needs; so of each source its first word counts. A
request without a conversation is known by its question, and counted the first time it comes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean

from shared_router.telemetry.logged import LoggedDecision

MOST_SILENT_S = 3600.0


@dataclass(frozen=True, slots=True)
class Unit:
    """A conversation, or a question without one.

    Attributes:
        is_b: Whether it is arm b's.
        began: When its first request came, in seconds since the epoch.
        closed: When nothing more was added to it.
        dollars: What its requests cost; None where one does not say.
        score: The mean grade of its graded requests; None where none was graded.
        known: When that was known; when it was closed, where it was not.
    """

    is_b: bool
    began: float
    closed: float
    dollars: float | None
    score: float | None
    known: float


@dataclass(frozen=True, slots=True)
class Units:
    """The units of a log.

    Attributes:
        units: Those that are closed, by when they began.
        n_open: How many may yet be added to.
        n_crossed: How many were in both arms, which no test of this kind makes.
        n_repeated: How many requests came after their unit was closed.
    """

    units: tuple[Unit, ...]
    n_open: int
    n_crossed: int
    n_repeated: int


def units_of(rows: Iterable[LoggedDecision], *, silent_s: float = MOST_SILENT_S) -> Units:
    """Return the units of a test's decisions.

    Args:
        rows: The decisions, by time; those of no arm are left out.
        silent_s: After how many seconds without a request a conversation is closed, >= 0.
    """
    by_key: dict[str, list[LoggedDecision]] = {}
    for row in rows:
        if row.arm is not None:
            by_key.setdefault(_key(row), []).append(row)
    latest = max((each[-1].time for each in by_key.values()), default=0.0)
    units, n_open, n_crossed, n_repeated = [], 0, 0, 0
    for every in by_key.values():
        if len({row.arm for row in every}) > 1:
            n_crossed += 1
            continue
        wait = silent_s if every[0].conversation is not None else 0.0
        first = _until_silent(every, wait)
        closed = first[-1].time + wait
        if closed > latest:
            n_open += 1
            continue
        n_repeated += len(every) - len(first)
        units.append(_unit(first, closed))
    units.sort(key=lambda unit: unit.began)
    return Units(tuple(units), n_open, n_crossed, n_repeated)


def _key(row: LoggedDecision) -> str:
    if row.conversation is not None:
        return f"conversation {row.conversation}"
    return f"id {row.id}" if row.query is None else f"query {row.query}"


def _until_silent(rows: Sequence[LoggedDecision], wait: float) -> Sequence[LoggedDecision]:
    for place in range(1, len(rows)):
        if rows[place].time - rows[place - 1].time > wait or not wait:
            return rows[:place]
    return rows


def _unit(rows: Sequence[LoggedDecision], closed: float) -> Unit:
    dollars = [row.dollars for row in rows]
    words = [[each.first or each for each in row.feedback] for row in rows]  # whatever was said instead later
    said = [
        [(each.time or row.time, each.score) for each in of_row]
        for of_row, row in zip(words, rows, strict=True)
    ]
    # what is said by the time the unit closes, or else the first thing said after that, and nothing later
    known = max(closed, min((at for of_row in said for at, _ in of_row), default=closed))
    scores = [[score for at, score in of_row if at <= known] for of_row in said]
    graded = [fmean(each) for each in scores if each]
    return Unit(
        is_b=rows[0].arm == "b",
        began=rows[0].time,
        closed=closed,
        dollars=None if None in dollars else float(sum(each for each in dollars if each is not None)),
        score=fmean(graded) if graded else None,
        known=known,
    )
