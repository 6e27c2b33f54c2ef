"""One answer as a scorer sees it: its text, and what else the provider said about it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from shared_router.choices import shown_kind
from shared_router.errors import InvalidInputError


@dataclass(frozen=True, slots=True)
class GivenAnswer:
    """What a model answered.

    Attributes:
        text: The answer; "" where there is none. Not in the repr.
        model: Who answered; None where it does not matter.
        finish_reason: Why the provider stopped, in its own word, such as `"stop"` or `"length"`; None where
            it does not say.
        token_log_probabilities: The natural logarithm of each token's probability, each <= 0; None where
            the provider does not return them. Not in the repr.
        runner_up_log_probabilities: The likeliest other token's at each place, as many; None where unknown.
            Not in the repr.
    """

    text: str = field(repr=False)
    model: str | None = None
    finish_reason: str | None = None
    token_log_probabilities: tuple[float, ...] | None = field(default=None, repr=False)
    runner_up_log_probabilities: tuple[float, ...] | None = field(default=None, repr=False)


def given_answers(answers: Sequence[GivenAnswer | str]) -> tuple[GivenAnswer, ...]:
    """Return answers that may be plain texts as answers.

    Raises:
        InvalidInputError: If they are one text, which would be read letter by letter, or hold anything else.
    """
    if isinstance(answers, (str, bytes, GivenAnswer)) or not isinstance(answers, Iterable):
        raise InvalidInputError(f"answers must be a list, got one {shown_kind(answers)}; put it in a list")
    found = tuple(GivenAnswer(each) if isinstance(each, str) else each for each in answers)
    for each in found:
        if not isinstance(each, GivenAnswer):
            raise InvalidInputError(f"answers must be texts or GivenAnswer, got {shown_kind(each)}")
    return found


def first_answer(answers: Sequence[GivenAnswer | str]) -> GivenAnswer:
    """Return the answer that would be used.

    Raises:
        InvalidInputError: If there is none, or as `given_answers`.
    """
    found = given_answers(answers)
    if not found:
        raise InvalidInputError("answers must hold at least one answer, got none")
    return found[0]
