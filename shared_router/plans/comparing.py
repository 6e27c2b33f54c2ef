"""Ranking by comparisons of two answers: everything that PairRanker does but the model's own pass.

LLM-Blender's `Blender.rank`, `compare`, `rank_with_ref`, `get_best_of_n` and `compare_conversations`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from shared_router.choices import check_choice, check_texts, shown_kind
from shared_router.errors import InvalidInputError, ScorerOutputError
from shared_router.plans.conversation_pair import conversation_pair
from shared_router.plans.ranking import (
    Aggregation,
    Reference,
    bubble,
    max_logits,
    max_wins,
    order_of,
    ranks,
    reference_of,
)

if TYPE_CHECKING:
    from shared_router.messages import AnyMessage

Places = Literal["both", "first", "second"]
"""Where answer a stands when it is compared with b: in either place, first alone, second alone."""


class Comparing(ABC):
    """Rank answers by comparing two at a time; a subclass says how.

    Attributes:
        aggregation: What comparisons come to; see `ranking`.
        passes_: How many pairs have been compared.
    """

    name: ClassVar[str]
    blocking: ClassVar[bool] = True
    aggregation: Aggregation = "max_logits"
    passes_: int = 0

    @abstractmethod
    def _logits(
        self, question: str, answers: Sequence[str], pairs: Sequence[tuple[int, int]]
    ) -> NDArray[np.float64]:
        """Return how much better the first answer of each pair is where it stands first."""

    def comparisons(self, question: str, answers: Sequence[str]) -> NDArray[np.float64]:
        """Return the logits that answer i, standing first, is better than j, shape (n, n), 0 where i = j.

        An answer is not compared with an equal one: they tie.

        Args:
            question: The question, with any instruction before it.
            answers: Two or more.

        Raises:
            InvalidInputError: If there are fewer, or they are no texts.
            NotFittedError: If the ranker was neither fitted nor loaded.
            ScorerOutputError: If the model's logits are not finite.
        """
        _check_answers(question, answers)
        n = len(answers)
        pairs = [(i, j) for i in range(n) for j in range(n) if i != j]
        matrix = np.zeros((n, n), dtype=np.float64)
        matrix[tuple(zip(*pairs, strict=True))] = self._compared(question, answers, pairs)
        return matrix

    def scores(self, question: str, answers: Sequence[str]) -> NDArray[np.float64]:
        """Return a score for each answer, shape (n,), higher is better; `"bubble"` gives n - 1 down to 0.

        Raises:
            RouterError: As `comparisons`.
        """
        check_choice("aggregation", self.aggregation, get_args(Aggregation))  # it may have been assigned
        if self.aggregation == "bubble":
            order = self._bubble(question, answers)
            found = np.zeros(len(order), dtype=np.float64)
            found[list(order)] = np.arange(len(order))[::-1]
            return found
        matrix = self.comparisons(question, answers)
        return max_logits(matrix) if self.aggregation == "max_logits" else max_wins(matrix)

    def ranks(self, question: str, answers: Sequence[str]) -> NDArray[np.int64]:
        """Return each answer's rank from 1, the best's; equal scores share the better rank."""
        return ranks(self.scores(question, answers))

    def best(self, question: str, answers: Sequence[str]) -> int:
        """Return the place of the best answer; `"bubble"` is the fast way (LLM-Blender's best of n)."""
        return order_of(self.scores(question, answers))[0]

    def compare(self, question: str, a: str, b: str, *, places: Places = "both") -> float:
        """Return how much better a is than b: above 0 a is the better one.

        Args:
            question: The question.
            a: An answer.
            b: Another.
            places: `"both"` is M[a, b] - M[b, a], which no order sways, as LLM-Blender's `[A,B]+[B,A]`;
                `"first"` is M[a, b] and `"second"` -M[b, a].

        Raises:
            RouterError: As `comparisons`.
        """
        check_choice("places", places, get_args(Places))
        _check_answers(question, (a, b))
        forth, back = self._compared(question, (a, b), [(0, 1), (1, 0)])
        return float({"both": forth - back, "first": forth, "second": -back}[places])

    def scores_by_reference(
        self, question: str, answers: Sequence[str], *, reference: Reference = "longest"
    ) -> NDArray[np.float64]:
        """Return how much better each answer is than one of them, shape (n,), in 2n passes.

        LLM-Blender's `rank_with_ref`.

        Args:
            question: The question.
            answers: Two or more.
            reference: Which one.

        Raises:
            RouterError: As `comparisons`.
        """
        check_choice("reference", reference, get_args(Reference))
        _check_answers(question, answers)
        other = reference_of(answers, reference)
        forth = self._compared(question, answers, [(at, other) for at in range(len(answers))])
        back = self._compared(question, answers, [(other, at) for at in range(len(answers))])
        return forth - back

    def compare_conversations(self, a: Sequence[AnyMessage], b: Sequence[AnyMessage]) -> float:
        """Return how much better the assistant's turns of a are than those of b, as `compare`.

        Args:
            a: User and assistant in turn, an answer last; see `plain_messages`.
            b: The same user turns, with other answers.

        Raises:
            InvalidInputError: If they are no such conversations.
        """
        return self.compare(*conversation_pair(a, b))

    def _bubble(self, question: str, answers: Sequence[str]) -> tuple[int, ...]:
        _check_answers(question, answers)
        return bubble(len(answers), lambda pairs: self._compared(question, answers, pairs))

    def _compared(
        self, question: str, answers: Sequence[str], pairs: Sequence[tuple[int, int]]
    ) -> NDArray[np.float64]:
        """Compare pairs, of equal answers none: they tie."""
        found = np.zeros(len(pairs), dtype=np.float64)
        unlike = [at for at, (left, right) in enumerate(pairs) if answers[left] != answers[right]]
        if not unlike:
            return found
        logits = self._logits(question, answers, [pairs[at] for at in unlike])
        if not np.isfinite(logits).all():
            raise ScorerOutputError(f"a ranker's logits must be finite, got others from {self.name}")
        self.passes_ += len(unlike)
        found[unlike] = logits
        return found


def _check_answers(question: object, answers: Sequence[str]) -> None:
    if not isinstance(question, str):
        raise InvalidInputError(f"a question must be a text, got {shown_kind(question)}")
    check_texts("answers", answers)
    if len(answers) < 2:
        raise InvalidInputError(f"answers must be two or more to be ranked, got {len(answers)}")
