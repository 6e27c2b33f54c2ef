"""What orders answers and what fuses them, as a plan asks it: whatever was given, with its output checked."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from shared_router.choices import shown_kind
from shared_router.errors import InvalidInputError, ScorerOutputError
from shared_router.plans.ranking import order_of
from shared_router.scorers.given_answer import GivenAnswer


class Ranker(Protocol):
    """Anything that scores several models' answers to one question.

    It must be safe to ask from several threads at once. It may also have `blocking: bool`, whether it can
    take longer than a millisecond (True), and `name: str`.
    """

    def scores(self, question: str, answers: Sequence[str]) -> Sequence[float]:
        """Return a finite number for each answer, higher is better.

        Args:
            question: The user's question, as routers see it.
            answers: Two or more.
        """


class Fuser(Protocol):
    """Anything that makes one answer of several; it may have `blocking` and `name`, as a `Ranker`."""

    def fuse(self, question: str, answers: Sequence[str]) -> str:
        """Return one answer.

        Args:
            question: The user's question.
            answers: Two or more, best first.
        """


RankingFunction = Callable[[str, Sequence[str]], Sequence[float]]
"""The plain form of a ranker: `(question, answers) -> scores`."""

FusingFunction = Callable[[str, Sequence[str]], str]
"""The plain form of a fuser: `(question, answers) -> answer`."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """What a ranker says of answers.

    Attributes:
        scores: One an answer, higher is better.
    """

    scores: tuple[float, ...]

    @property
    def order(self) -> tuple[int, ...]:
        """The answers' places, best first; of equals the earlier first."""
        return order_of(self.scores)


@dataclass(frozen=True, slots=True)
class CheckedRanker:
    """A ranker that returns a checked `Ranking` or raises an error that names the rule."""

    asked: Callable[[str, Sequence[str]], Any]
    name: str
    blocking: bool

    def score(self, question: str, answers: Sequence[GivenAnswer]) -> Ranking:
        """Return the ranking of some answers.

        Raises:
            ScorerOutputError: If the ranker returned anything but a finite number an answer.
        """
        found = self.asked(question, [answer.text for answer in answers])
        if isinstance(found, (str, bytes)) or not hasattr(found, "__len__"):
            getattr(found, "close", lambda: None)()  # a coroutine that nobody will await
            raise ScorerOutputError(
                f"a ranker must return a list of numbers, got {shown_kind(found)} from {self.name}"
            )
        try:
            numbers = np.asarray(found)
            if numbers.dtype.kind in "US":  # the answers in order, say, which may look like numbers
                raise TypeError("texts")
            scores = tuple(float(each) for each in numbers.astype(np.float64).reshape(-1))
        except (TypeError, ValueError) as error:
            raise ScorerOutputError(f"a ranker must return numbers, got others from {self.name}") from error
        if len(scores) != len(answers) or not all(map(math.isfinite, scores)):
            raise ScorerOutputError(
                f"a ranker must return a finite number an answer ({len(answers)}), got {len(scores)} or "
                f"others from {self.name}"
            )
        return Ranking(scores)


@dataclass(frozen=True, slots=True)
class CheckedFuser:
    """A fuser that returns a text or raises an error that names the rule."""

    asked: Callable[[str, Sequence[str]], Any]
    name: str
    blocking: bool

    def fuse(self, question: str, answers: Sequence[GivenAnswer]) -> str:
        """Return one answer made of several.

        Raises:
            ScorerOutputError: If the fuser returned no text, or a blank one.
        """
        found = self.asked(question, [answer.text for answer in answers])
        if not isinstance(found, str) or not found.strip():
            getattr(found, "close", lambda: None)()  # a coroutine that nobody will await
            kind = "a blank one" if isinstance(found, str) else shown_kind(found)
            raise ScorerOutputError(f"a fuser must return a text, got {kind} from {self.name}")
        return found


def ranker_of(ranker: Ranker | RankingFunction | CheckedRanker) -> CheckedRanker:
    """Return a ranker, or any function `(question, answers) -> scores`, as plans ask it.

    Raises:
        InvalidInputError: If it is neither.
    """
    if isinstance(ranker, CheckedRanker):
        return ranker
    return CheckedRanker(*_asked("ranker", "scores", ranker))


def fuser_of(fuser: Fuser | FusingFunction | CheckedFuser) -> CheckedFuser:
    """Return a fuser, or any function `(question, answers) -> answer`, as plans ask it.

    Raises:
        InvalidInputError: If it is neither.
    """
    if isinstance(fuser, CheckedFuser):
        return fuser
    return CheckedFuser(*_asked("fuser", "fuse", fuser))


def _asked(kind: str, method: str, given: Any) -> tuple[Callable[..., Any], str, bool]:
    if isinstance(given, type):
        raise InvalidInputError(f"{kind} must be an object, got {shown_kind(given)}; call it")
    asked = getattr(given, method, None)
    if asked is None:
        asked = given
    if not callable(asked):
        raise InvalidInputError(
            f"{kind} must be a function (question, answers) or have a method {method}, got "
            f"{shown_kind(given)}"
        )
    name = getattr(given, "name", None) or getattr(given, "__name__", None) or type(given).__name__
    return asked, str(name), bool(getattr(given, "blocking", True))
