"""The scorer contract: a question and one model's answers in, P(good enough) out.

A scorer knows no threshold, and whether the next model is asked is a plan's decision. What a scorer may leave
out, `scorer_of` gives the value that is said here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from shared_router.scorers.given_answer import GivenAnswer

Reads = Literal["finish_reason", "images", "token_log_probabilities"]
"""What a scorer reads beyond text. `"images"` says that a question with images is not half a question to it;
`"token_log_probabilities"` that the model must be asked to return them."""


@dataclass(frozen=True, slots=True)
class Score:
    """What a scorer says of an answer.

    Attributes:
        value: P(good enough), in [0, 1].
        dollars: What scoring itself cost, >= 0.
        reason: Why, in a few words and none of the answer's, such as `"cut short"`; "" where there is none.
        answer: Which of the answers it is the score of, and should be used: a place from 0.
    """

    value: float
    dollars: float = 0.0
    reason: str = ""
    answer: int = 0


class Scorer(Protocol):
    """Anything that tells how likely an answer is good enough.

    It must be safe to ask from several threads at once. It may also have, and `scorer_of` reads:

    - `n_answers: int`, how many answers of one model it wants (1);
    - `reads: Collection[Reads]`, what it reads beyond text (nothing);
    - `model: str | None`, whose answers alone it can judge (None: anybody's);
    - `blocking: bool`, whether it can take longer than a millisecond, so that an event loop must not wait for
      it (True);
    - `possible_scores(question, answers, *, n_more) -> tuple[float, float]`, between which values the score
      must end when `n_more` answers are still to come, so that a plan stops asking when they cannot matter.
    """

    def good_enough(self, question: str, answers: Sequence[GivenAnswer]) -> float | Score:
        """Return P(the answer that would be used is good enough | question, all answers), in [0, 1].

        Args:
            question: The user's question, as routers see it.
            answers: One model's answers to it, at least one; the first would be used, unless a `Score`
                names another.
        """


ScoringFunction = Callable[[str, str], float]
"""The plain form of a scorer: `(question, answer) -> P(good enough)`."""
