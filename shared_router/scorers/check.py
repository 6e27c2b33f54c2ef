"""A scorer of your own: any function that can tell a good answer, such as a unit test or a JSON schema."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from shared_router.choices import shown_kind
from shared_router.errors import InvalidInputError
from shared_router.scorers.given_answer import GivenAnswer, first_answer


class Check:
    """Ask a function whether an answer is good enough.

    Args:
        function: `(question, answer) -> P(good enough)`; True counts as 1 and False as 0.
        blocking: Whether it can take longer than a millisecond: it then runs off the event loop.
        model: Whose answers alone it can judge; None for anybody's.
    """

    def __init__(
        self, function: Callable[[str, str], float], *, blocking: bool = True, model: str | None = None
    ) -> None:
        if not callable(function) or isinstance(function, type):
            raise InvalidInputError(
                f"a check must be a function of a question and an answer, got {shown_kind(function)}"
            )
        self.function = function
        self.blocking = blocking
        self.model = model

    def __repr__(self) -> str:
        """Show the function's name."""
        return f"Check({getattr(self.function, '__name__', type(self.function).__name__)})"

    def good_enough(self, question: str, answers: Sequence[GivenAnswer | str]) -> float:
        """Return what the function says of the first answer."""
        return self.function(question, first_answer(answers).text)
