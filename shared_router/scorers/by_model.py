"""One scorer a model: FrugalGPT's way, where each model of a list has a scorer of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from shared_router.choices import shown_kind
from shared_router.errors import InvalidInputError
from shared_router.scorers.checked import CheckedScorer, scorer_of
from shared_router.scorers.given_answer import GivenAnswer, first_answer
from shared_router.scorers.protocol import Reads, Score, Scorer, ScoringFunction


class ScorerByModel:
    """Ask the scorer of the model that answered.

    Args:
        scorers: A scorer, or a function `(question, answer) -> P(good enough)`, by model's name; each reads
            one answer.

    Raises:
        InvalidInputError: If there is none, one wants several answers, or one judges another model's.
    """

    name = "by-model"
    n_answers = 1

    def __init__(self, scorers: Mapping[str, Scorer | ScoringFunction | CheckedScorer]) -> None:
        if not isinstance(scorers, Mapping):
            raise InvalidInputError(f"scorers must be by model's name, got {shown_kind(scorers)}")
        self.scorers = {model: scorer_of(scorer) for model, scorer in scorers.items()}
        if not self.scorers:
            raise InvalidInputError("scorers must hold a scorer by model's name, got none")
        for model, scorer in self.scorers.items():
            scorer.check_model(model)
            if scorer.n_answers != 1:
                raise InvalidInputError(
                    f"a scorer in a list must read one answer, and {scorer.name} wants {scorer.n_answers}"
                )

    @property
    def reads(self) -> frozenset[Reads]:
        """What any of them reads beyond text, but images only where all do."""
        every = [scorer.reads for scorer in self.scorers.values()]
        images: frozenset[Reads] = frozenset({"images"})
        return (frozenset[Reads]().union(*every) - images) | (images.intersection(*every))

    @property
    def blocking(self) -> bool:
        """Whether any of them can take longer than a millisecond."""
        return any(scorer.blocking for scorer in self.scorers.values())

    def good_enough(self, question: str, answers: Sequence[GivenAnswer | str]) -> Score:
        """Return what the scorer of the first answer's model says of it.

        Raises:
            InvalidInputError: If its model has no scorer.
        """
        answer = first_answer(answers)
        if answer.model is None or answer.model not in self.scorers:
            raise InvalidInputError(
                f"an answer must be of a model that has a scorer {sorted(self.scorers)}, got {answer.model}"
            )
        return self.scorers[answer.model].score(question, [answer])
