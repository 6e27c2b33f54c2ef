"""Asking a scorer, which is a user's own code: within a time, off the event loop, whatever it raises.

An answer is a stranger's text: what is longer than `READ` characters is judged by its two ends.
"""

from __future__ import annotations

import logging
import time
from concurrent.futures import Future, wait
from dataclasses import replace

from shared_router.errors import ScorerOutputError, ScorerTimeoutError
from shared_router.plans.deadline import Deadline, check_seconds
from shared_router.plans.protocol import Judge
from shared_router.scorers.checked import CheckedScorer
from shared_router.scorers.given_answer import GivenAnswer
from shared_router.scorers.protocol import Score
from shared_router.scoring.workers import Workers

logger = logging.getLogger(__name__)

SCORER_TIMEOUT_S = 10.0

_AT_ONCE_S = 5e-4
"""What a fast scorer takes, and an event loop may stand still for."""

READ = 100_000
"""Characters of an answer that a scorer is given at most."""


class Judging:
    """Ask one scorer for scores.

    A scorer that does not block is asked where the caller stands, without a time limit; one that does in
    threads of this object's own.

    Args:
        scorer: The scorer.
        timeout_s: How long it may take over one answer, in seconds, > 0; None waits as long as the plan may.

    Raises:
        InvalidInputError: If the timeout is outside its rule.
    """

    def __init__(self, scorer: CheckedScorer, *, timeout_s: float | None = SCORER_TIMEOUT_S) -> None:
        check_seconds("scorer_timeout", timeout_s)
        self.scorer = scorer
        self.timeout_s = timeout_s
        self._workers = Workers(32)
        self._was_at_once = True

    def judge(self, step: Judge, deadline: Deadline) -> Score | Exception:
        """Return a score, or what the scorer raised."""
        if not self.scorer.blocking:
            return self._score(step)
        future = self._workers.submit(lambda: self._score(step))
        limit = self._limit(deadline)
        return future.result() if wait([future], limit).done else self._late(future, limit)

    async def ajudge(self, step: Judge, deadline: Deadline) -> Score | Exception:
        """Return a score, or what the scorer raised, off the event loop where the scorer blocks."""
        if not self.scorer.blocking:
            return self._score(step)
        future = self._workers.submit(lambda: self._score(step))
        limit = self._limit(deadline)
        # the loop's own round takes longer than a fast scorer; a slow one must not hold the loop up twice
        if self._was_at_once and wait([future], _AT_ONCE_S).done:
            return future.result()
        self._was_at_once = False
        import asyncio  # here, for a program without a loop would wait 20 ms for it

        scoring = asyncio.wrap_future(future)
        try:
            done, _ = await asyncio.wait([scoring], timeout=limit)
        except asyncio.CancelledError:
            scoring.cancel()
            raise
        if done:
            return scoring.result()
        scoring.cancel()
        return self._late(future, limit)

    def _score(self, step: Judge) -> Score | Exception:
        start = time.perf_counter()
        try:
            score = self.scorer.score(step.question, tuple(_short(each) for each in step.answers))
        # whatever a user's own scorer raises: `on_scorer_error` decides what follows
        except Exception as error:  # noqa: BLE001
            logger.warning("scorer %s gave no score: %s", self.scorer.name, type(error).__name__)
            return _raisable(error)
        self._was_at_once = time.perf_counter() - start < _AT_ONCE_S
        return score

    def _limit(self, deadline: Deadline) -> float | None:
        limits = [each for each in (self.timeout_s, deadline.left) if each is not None]
        return min(limits) if limits else None

    def _late(self, future: Future[Score | Exception], limit: float | None) -> ScorerTimeoutError:
        future.cancel()
        logger.warning("scorer %s took longer than %.3g s", self.scorer.name, limit or 0.0)
        return ScorerTimeoutError(
            f"a scorer must answer within scorer_timeout and the deadline ({limit:g} s), and "
            f"{self.scorer.name} did not"
        )


def _short(given: GivenAnswer) -> GivenAnswer:
    if len(given.text) <= READ:
        return given
    return replace(given, text=given.text[: READ // 2] + given.text[-READ // 2 :])


def _raisable(error: Exception) -> Exception:
    """Exchange the one error that no generator can raise."""
    if not isinstance(error, StopIteration):
        return error
    exchanged = ScorerOutputError("a scorer must return a number, got StopIteration")
    exchanged.__cause__ = error
    return exchanged
