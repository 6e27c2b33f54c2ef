"""What outcomes say of answers beyond score and cost: how long they took, how often they were graded."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from shared_router.evaluation.grading_noise import GradingNoise, grading_noise
from shared_router.evaluation.latency import ModelLatency, model_latency, routed_latency
from shared_router.evaluation.pair import Floats, Pair

if TYPE_CHECKING:
    from shared_router.evaluation.units import Units
    from shared_router.records.outcomes import Outcomes

Columns = tuple[Floats, Floats]


@dataclass(frozen=True, slots=True)
class Answers:
    """Further columns of the strong and the weak model, each shape (n,), NaN where unknown.

    Attributes:
        names: The strong and the weak model's names.
        latency_ms: Milliseconds until the answer was whole.
        first_token_ms: Milliseconds until its first token.
        n_grades: How many grades the score is the mean of.
        variances: The grades' variance about it.
    """

    names: tuple[str, str]
    latency_ms: Columns = field(repr=False)
    first_token_ms: Columns = field(repr=False)
    n_grades: Columns = field(repr=False)
    variances: Columns = field(repr=False)

    @classmethod
    def of(cls, outcomes: Outcomes, units: Units, *, strong: str, weak: str) -> Answers:
        """Read the columns at the units' prompts; a conversation's are those of its first."""
        latency, first_token, grades, variance = (
            (outcomes.column(measure, strong)[units.rows], outcomes.column(measure, weak)[units.rows])
            for measure in ("latency_ms", "time_to_first_token_ms", "grades", "score_variance")
        )
        return cls((strong, weak), latency, first_token, grades, variance)

    def latency_of(self, model: str) -> ModelLatency | None:
        """Return how long one of the two models takes, None where unknown."""
        place = self.names.index(model)
        return model_latency(model, self.latency_ms[place], self.first_token_ms[place])

    def routed_latency(self, name: str, sent: Floats) -> ModelLatency | None:
        """Return how long a router's choices take, None where unknown."""
        return routed_latency(name, sent, self.latency_ms, self.first_token_ms)

    def grading_noise(self, pair: Pair, scores: dict[str, Floats]) -> GradingNoise | None:
        """Return how noisy the grades are, None where no answer was graded twice."""
        return grading_noise(pair, self.n_grades, self.variances, scores)
