"""Asking a scorer, which is a user's own code: within a time, off the event loop, whatever it raises.

An answer is a stranger's text: what is longer than `READ` characters is judged by its two ends.
"""

from __future__ import annotations

from dataclasses import replace

from shared_router.plans.deadline import Deadline
from shared_router.plans.protocol import Judge
from shared_router.plans.users_code import UsersCode
from shared_router.scorers.checked import CheckedScorer
from shared_router.scorers.given_answer import GivenAnswer
from shared_router.scorers.protocol import Score

SCORER_TIMEOUT_S = 10.0

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
        self.scorer = scorer
        self.timeout_s = timeout_s
        self._code = UsersCode("scorer", scorer.name, blocking=scorer.blocking, timeout_s=timeout_s)

    def judge(self, step: Judge, deadline: Deadline) -> Score | Exception:
        """Return a score, or what the scorer raised."""
        return self._code.call(lambda: self._score(step), deadline)

    async def ajudge(self, step: Judge, deadline: Deadline) -> Score | Exception:
        """Return a score, or what the scorer raised, off the event loop where the scorer blocks."""
        return await self._code.acall(lambda: self._score(step), deadline)

    def _score(self, step: Judge) -> Score:
        return self.scorer.score(step.question, tuple(short(each) for each in step.answers))


def short(given: GivenAnswer) -> GivenAnswer:
    """Return an answer whose text is at most `READ` characters long: its two ends."""
    if len(given.text) <= READ:
        return given
    return replace(given, text=given.text[: READ // 2] + given.text[-READ // 2 :])
