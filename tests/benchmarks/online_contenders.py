"""Who chooses the model of each request in a stream, and learns from the grade of the answer it got.

`BetaBandit` follows LiteLLM 1.91's adaptive router as its README and documentation describe it: seven request
types told by rules, a Beta cell a type and model whose prior has the mass 10 and the mean 0.7 of tier 3 or
0.5 of tier 2, one draw a model a request, scored as quality_weight * draw + cost_weight * cheapness, and no
update once a cell's mass is 200. It is given true grades in place of the signs of satisfaction that it reads
in a conversation, and weights that stand for the stream's own price, where its default is 0.7 to 0.3.
"""

from __future__ import annotations

import re
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from shared_router import Exploration, PosteriorSampling, RoutingDecision
from shared_router.routers.online_head import OnlineHead
from shared_router.routers.source_trust import SourceTrust
from tests.benchmarks.online_streams import GradedPrompts

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
MODELS = ("strong", "weak")


class Contender(Protocol):
    """Choose, and learn."""

    def choose(self, rows: NDArray[np.intp]) -> tuple[Bools, Floats]:
        """Return whether each request goes strong, and by which score it was ranked."""

    def learn(self, rows: NDArray[np.intp], strong: Bools, grades: Floats, sources: list[str | None]) -> None:
        """Take the grades of the answers that were given."""


class Online:
    """The product's head and its policy's draw, over prompts that were read before."""

    def __init__(
        self,
        graded: GradedPrompts,
        draws: Exploration | PosteriorSampling,
        *,
        memory: float | None = 5000.0,
        trusts: bool = True,
    ) -> None:
        self.graded = graded
        self.draws = draws
        self.threshold = (1 + graded.price) / 2
        self.head = OnlineHead(has_prior=True, memory=memory)
        self.trust = SourceTrust(most_share=0.05, memory=memory) if trusts else None

    def choose(self, rows: NDArray[np.intp]) -> tuple[Bools, Floats]:
        features = self.graded.features[rows]
        scores, spreads = self.head.win_probability(features), self.head.spread(features)
        strong = [self._drawn(*each) for each in zip(scores.tolist(), spreads.tolist(), strict=True)]
        return np.array(strong), scores

    def learn(self, rows: NDArray[np.intp], strong: Bools, grades: Floats, sources: list[str | None]) -> None:
        features = self.graded.features[rows]
        weights = np.ones(len(rows))
        if self.trust is not None:
            surprises = (grades - self.head.expected(features, strong)).tolist()
            of_all = self.head.regression.sums.count
            for place, source in enumerate(sources):
                if source is not None:
                    side = bool(strong[place])
                    weights[place] = self.trust.weight(source, surprises[place], strong=side, of_all=of_all)
        self.head.learn(features, strong, grades, weights)

    def _drawn(self, score: float, spread: float) -> bool:
        model = MODELS[0 if score >= self.threshold else 1]
        decision = RoutingDecision(model, score, self.threshold, "online", "score")
        return self.draws.drawn(decision, "", MODELS, spread).model == "strong"


class Fixed:
    """The shipped router at one threshold."""

    def __init__(self, graded: GradedPrompts, threshold: float) -> None:
        self.graded = graded
        self.threshold = threshold

    def choose(self, rows: NDArray[np.intp]) -> tuple[Bools, Floats]:
        scores = self.graded.prior[rows]
        return scores >= self.threshold, scores

    def learn(self, rows: NDArray[np.intp], strong: Bools, grades: Floats, sources: list[str | None]) -> None:
        """Learn nothing."""


class Chance:
    """A coin."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)

    def choose(self, rows: NDArray[np.intp]) -> tuple[Bools, Floats]:
        scores = self.rng.random(len(rows))
        return scores >= 0.5, scores

    def learn(self, rows: NDArray[np.intp], strong: Bools, grades: Floats, sources: list[str | None]) -> None:
        """Learn nothing."""


class BetaBandit:
    """LiteLLM's adaptive router, version 0."""

    def __init__(self, graded: GradedPrompts, seed: int, *, cap: float = 200.0) -> None:
        self.types = np.array([request_type(prompt) for prompt in graded.prompts])
        self.cap = cap
        self.rng = np.random.default_rng(seed)
        self.quality = 1 / (1 + graded.price)
        self.cells = np.tile(10 * np.array([[0.7, 0.3], [0.5, 0.5]]), (len(TYPES) + 1, 1, 1))

    def choose(self, rows: NDArray[np.intp]) -> tuple[Bools, Floats]:
        cells = self.cells[self.types[rows]]  # (n, 2 models, 2)
        draws = self.rng.beta(cells[..., 0], cells[..., 1])
        values = self.quality * draws + (1 - self.quality) * np.array([0.0, 1.0])
        means = cells[..., 0] / cells.sum(axis=2)
        return values[:, 0] > values[:, 1], means[:, 0] - means[:, 1]

    def learn(self, rows: NDArray[np.intp], strong: Bools, grades: Floats, sources: list[str | None]) -> None:
        for kind, model, grade in zip(self.types[rows], np.where(strong, 0, 1), grades, strict=True):
            if self.cells[kind, model].sum() + 1 <= self.cap:
                self.cells[kind, model] += (grade, 1 - grade)


TYPES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"\b(write|create|generate|implement|build)\b.{0,30}\b(python|java|javascript|rust|go|c\+\+|sql|bash"
        r"|function|class|script|program|api)\b",
        r"\b(explain|describe|debug|fix|review)\b.*\b(code|function|error|bug|exception|snippet)\b",
        r"\b(design|plan|compare|should i use)\b.*\b(system|service|database|library|framework)\b",
        r"\b(solve|compute|calculate|prove|derive|probability|suppose|assume)\b|\bif .+ then\b",
        r"\b(write|draft|compose|rewrite|edit|polish)\b.*\b(email|essay|post|article|letter|memo|paragraph)\b",
        r"^\s*((who|what|when|where|which)\s+(is|was|were|are)|define|how many)\b",
    )
)
"""Code generation, code understanding, technical design, analysis, writing and facts; the rest is general."""


def request_type(prompt: str) -> int:
    """Return the first type whose rule the beginning of a prompt meets, or the last one, general."""
    text = prompt[:2000]
    return next((kind for kind, rule in enumerate(TYPES) if rule.search(text)), len(TYPES))
