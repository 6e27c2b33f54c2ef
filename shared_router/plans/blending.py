"""A blend as a user describes it, and taking its steps: what an adapter gives is how models are called.

A ranker that is a neural network, or a fuser that is one, is called within a time and off the event loop, as
a user's own code is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol

from shared_router.errors import InvalidInputError
from shared_router.plans.blend import TOP_K, Blend
from shared_router.plans.deadline import Deadline, check_seconds
from shared_router.plans.judging import SCORER_TIMEOUT_S, short
from shared_router.plans.protocol import Answer, Ask, AskAll, BlendSteps, Fuse, Judge, Use
from shared_router.plans.rankers import (
    CheckedFuser,
    CheckedRanker,
    Fuser,
    FusingFunction,
    Ranker,
    Ranking,
    RankingFunction,
    fuser_of,
)
from shared_router.plans.users_code import UsersCode

FUSER = "fuser"
"""What decisions and prices call a model that chats and fuses."""

BlendSettled = Use | Ask
"""What is left of a blend: the answer to use, or the one call whose answer is."""


class CallsModels(Protocol):
    """How an adapter calls a blend's models."""

    def ask_all(self, asks: Sequence[Ask]) -> list[Answer]:
        """Call models at the same time, and return what came of each call, errors too."""

    def fuse(self, step: Fuse) -> Answer:
        """Return one answer made of several, failed where it could not be made."""


class AwaitsModels(Protocol):
    """How an adapter calls a blend's models in an event loop."""

    async def aask_all(self, asks: Sequence[Ask]) -> list[Answer]:
        """Call models like `CallsModels.ask_all`."""

    async def afuse(self, step: Fuse) -> Answer:
        """Fuse answers like `CallsModels.fuse`."""


class Blending:
    """Ask a blend's ranker, and its fuser where that is no model that chats.

    Args:
        ranker: The ranker, or None.
        fuser: The fuser, or None.
        timeout_s: How long the ranker may take over one question's answers, in seconds, > 0, or None.

    Raises:
        InvalidInputError: If the timeout is outside its rule.
    """

    def __init__(
        self,
        ranker: CheckedRanker | None,
        fuser: CheckedFuser | None,
        *,
        timeout_s: float | None = SCORER_TIMEOUT_S,
    ) -> None:
        check_seconds("scorer_timeout", timeout_s)
        self.ranker = ranker
        self.fuser = fuser
        self._ranks = _code("scorer", ranker, timeout_s)
        self._fuses = _code("fuser", fuser, None)

    def rank(self, step: Judge) -> Ranking | Exception:
        """Return a ranking, or what the ranker raised."""
        code, ranked = self._ranked(step)
        return code.call(ranked, _NO_DEADLINE)

    async def arank(self, step: Judge) -> Ranking | Exception:
        """Return a ranking like `rank`, off the event loop where the ranker blocks."""
        code, ranked = self._ranked(step)
        return await code.acall(ranked, _NO_DEADLINE)

    def fused(self, step: Fuse, deadline: Deadline) -> str | Exception:
        """Return a text made of several, or what the fuser raised, within the plan's time."""
        code, fused = self._fused(step)
        return code.call(fused, deadline)

    async def afused(self, step: Fuse, deadline: Deadline) -> str | Exception:
        """Return a text like `fused`, off the event loop where the fuser blocks."""
        code, fused = self._fused(step)
        return await code.acall(fused, deadline)

    def _ranked(self, step: Judge) -> tuple[UsersCode, Callable[[], Ranking]]:
        if self._ranks is None or self.ranker is None:
            raise InvalidInputError("a blend must have a ranker to rank answers, got none")
        answers = [short(each) for each in step.answers]
        return self._ranks, partial(self.ranker.score, step.question, answers)

    def _fused(self, step: Fuse) -> tuple[UsersCode, Callable[[], str]]:
        if self._fuses is None or self.fuser is None:
            raise InvalidInputError("a blend must have a fuser to fuse answers, got none")
        answers = [short(each) for each in step.answers]
        return self._fuses, partial(self.fuser.fuse, step.question, answers)


_NO_DEADLINE = Deadline()
"""A ranker has its own time: a model that is late leaves it none of the plan's, and answers to rank."""


def _code(kind: str, asked: CheckedRanker | CheckedFuser | None, timeout_s: float | None) -> UsersCode | None:
    if asked is None:
        return None
    return UsersCode(kind, asked.name, blocking=asked.blocking, timeout_s=timeout_s)


def made_blend(
    models: Sequence[str],
    *,
    ranker: Ranker | RankingFunction | CheckedRanker | None,
    fuser: Fuser | FusingFunction | CheckedFuser | None,
    by_model: bool,
    top_k: int = TOP_K,
    on_scorer_error: str = "first",
    scorer_timeout: float | None = SCORER_TIMEOUT_S,
    deadline: float | None = None,
) -> tuple[Blend, Blending]:
    """Return the blend that these rules make, and what asks its ranker and its fuser.

    Args:
        models: The models' names, as in `Blend`, like what follows.
        ranker: What orders answers, or None.
        fuser: What fuses them, or None.
        by_model: Whether a model that chats fuses, which the adapter calls.
        top_k: How many answers are fused.
        on_scorer_error: What is used where the ranker or the fuser fails.
        scorer_timeout: How long the ranker may take, in seconds, or None.
        deadline: How long all calls of a request and the fuser may take together, in seconds, or None.

    Raises:
        InvalidInputError: If one is outside its rule.
    """
    check_seconds("deadline", deadline)
    if by_model and FUSER in models:
        raise InvalidInputError(
            f'a model of a blend must not be called "{FUSER}" where a model that chats fuses, which is; '
            "rename it"
        )
    checked = None if fuser is None or by_model else fuser_of(fuser)
    blend = Blend(
        models, ranker=ranker, fuses=fuser is not None, top_k=top_k, on_scorer_error=on_scorer_error
    )
    return blend, Blending(blend.ranker, checked, timeout_s=scorer_timeout)


def blended(
    steps: BlendSteps, models: CallsModels, *, blending: Blending, deadline: Deadline
) -> BlendSettled:
    """Take a blend's steps until its answer is known, or is what one call alone answers.

    Args:
        steps: The blend at work.
        models: Calls models.
        blending: What asks the ranker.
        deadline: When the calls must have ended.
    """
    step = next(steps)
    while not isinstance(step, Use):
        if isinstance(step, Ask):
            if deadline.seconds is None:
                return step
            step = steps.send(models.ask_all((step,)))
        elif isinstance(step, AskAll):
            step = steps.send(models.ask_all(step.asks))
        elif isinstance(step, Judge):
            step = steps.send(blending.rank(step))
        else:
            step = steps.send(models.fuse(step))
    return step


async def ablended(
    steps: BlendSteps, models: AwaitsModels, *, blending: Blending, deadline: Deadline
) -> BlendSettled:
    """Take a blend's steps like `blended`, without holding up the event loop.

    Args:
        steps: The blend at work.
        models: Calls models.
        blending: What asks the ranker.
        deadline: When the calls must have ended.
    """
    step = next(steps)
    while not isinstance(step, Use):
        if isinstance(step, Ask):
            if deadline.seconds is None:
                return step
            step = steps.send(await models.aask_all((step,)))
        elif isinstance(step, AskAll):
            step = steps.send(await models.aask_all(step.asks))
        elif isinstance(step, Judge):
            step = steps.send(await blending.arank(step))
        else:
            step = steps.send(await models.afuse(step))
    return step
