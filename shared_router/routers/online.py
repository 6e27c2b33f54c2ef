"""A router that learns from each grade as it comes, of the one answer that was given.

With phi the sixty-one numbers that are read of a question (`online_features`), an answer's grade is

    grade = base . phi + a / 2 gain . phi + noise,    a = 1 for the strong model, -1 for the weak one

in one Bayesian regression (`RunningRegression`). The gain may vary far less than the base: that questions
differ in how hard they are is certain, and where the strong model is worth more is not. Before any grade
the gain is a line in the prior's log odds, so that the ranking is the prior's. Then

    p(q) = (1 + gain . phi) / 2,

which for grades of 0 and 1 is P(the strong model wins) + P(a tie) / 2, and the threshold that pays is
(1 + c) / 2 where a strong answer costs c of a grade more than a weak one. None of the paper's four.

`win_probability` is the mean, and draws nothing. `spread` is its standard deviation, by which a policy with
`explore=PosteriorSampling()` draws: only there is anything left to chance, with the propensity told.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager as Lock
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from shared_router.choices import check_share
from shared_router.embedding.trimmed import TRIM
from shared_router.errors import ArtifactSchemaError, InvalidInputError
from shared_router.learners.running_regression import check_memory
from shared_router.quantiles import ScoreQuantiles
from shared_router.router import Router
from shared_router.routers.local_reader import PromptReader
from shared_router.routers.online_features import N_FEATURES
from shared_router.routers.online_grades import Grades
from shared_router.routers.online_head import OnlineHead, sums_of
from shared_router.routers.online_reader import OnlineReader
from shared_router.routers.online_sharing import share_sums
from shared_router.routers.shipped import DEFAULT_ROUTER
from shared_router.routers.source_trust import SourceTrust

if TYPE_CHECKING:
    from typing_extensions import Self

    from shared_router.embedding.protocol import Embedder

Floats = NDArray[np.float64]

_SETTINGS = ("strong", "weak", "trim", "memory", "most_share")
_RECENT = 512
_LEAST_RECENT = 100
_REFRESH = 32


class OnlineRouter(Router):
    """Learn from every grade which questions need the strong model, beginning with what a prior router says.

    Where both models' answers are graded, `LocalRouter` learns more from each; this one needs the grade of
    the answer that was given, learns at once, in some tenths of a millisecond, and forgets. Of questions it
    keeps numbers, of sources hashes. It may be asked and told from several threads.

    Args:
        embedder: What embeds questions, in rows of length 1, or the name of a shipped one. None takes what
            the prior reads, and the shipped one where it reads nothing.
        prior: The router whose ranking holds until grades say otherwise: one that is fitted, the name of a
            shipped one, or None for none. It is saved along.
        strong: The strong model's name in the grades; `weak` likewise.
        weak: See `strong`.
        memory: After how many grades one weighs 1 / e of what it did, > 1; None forgets nothing.
        most_share: Of the grades that count, what one source may have given, in (0, 1]; 1 caps nothing.
            Twenty are always taken.
        trim: As `StaticRouter`'s.

    Raises:
        InvalidInputError: If an argument is outside its rule.
    """

    name: ClassVar[str] = "online"
    _lock: Lock[object]
    _quantiles: tuple[int, ScoreQuantiles | None] | None
    _n_told: int

    def __init__(
        self,
        embedder: Embedder | str | None = None,
        *,
        prior: Router | str | None = DEFAULT_ROUTER,
        strong: str = "strong",
        weak: str = "weak",
        memory: float | None = 5000.0,
        most_share: float = 0.05,
        trim: float | None = TRIM,
    ) -> None:
        check_memory(memory)
        check_share("most_share", most_share)
        if not most_share:
            raise InvalidInputError("most_share must be above 0, or no named source would count")
        self.strong, self.weak = strong, weak
        self.memory, self.most_share, self.trim = memory, most_share, trim
        read = PromptReader(embedder, prior=prior, trim=trim)
        self._begin(OnlineReader(read, has_prior=prior is not None))

    @property
    def embedder(self) -> Embedder:
        """What embeds questions."""
        return self._reader.embedder

    @property
    def prior(self) -> Router | None:
        """The router whose ranking holds until grades say otherwise."""
        return self._reader.prior

    @property
    def n_learned(self) -> float:
        """How many grades it goes by, each by its weight and faded since."""
        return self._head.regression.sums.count

    def learn(self, query: str, model: str, score: float, *, source: str | None = None) -> float:
        """Learn from the grade of one answer; see `learn_many`.

        Returns:
            What it counted: 0 where its source has given its share or contradicts all others, else 1.
        """
        return float(self.learn_many([query], [model], [score], sources=[source])[0])

    def learn_many(
        self,
        queries: Sequence[str],
        models: Sequence[str],
        scores: Sequence[float] | Floats,
        *,
        sources: Sequence[str | None] | None = None,
    ) -> Floats:
        """Learn from n grades, in order; all of them or, where an argument breaks its rule, none.

        Args:
            queries: The questions.
            models: Whose answers were graded, each `strong` or `weak`.
            scores: The grades, each in [0, 1].
            sources: Who gave them, by a name that is dear to make, such as an account; None for a grade
                beyond doubt, such as one by a judge of your own, which counts in any case.

        Returns:
            What each counted, 0 or 1, shape (n,).

        Raises:
            InvalidInputError: If the lengths differ, or a grade is outside [0, 1].
            UnknownNameError: If a model is neither.
        """
        grades = Grades.of(queries, models, scores, sources, strong=self.strong, weak=self.weak)
        features = self._reader.features(queries)
        with self._lock:
            surprises = grades.scores - self._head.expected(features, grades.strong)
            weights = grades.weights(self._trust, surprises, of_all=self.n_learned)
            self._head.learn(features, grades.strong, grades.scores, weights)
            self._recent.extend(features)
            self._n_told += len(queries)
            self._saved_as = None  # what has learned is another router than the one saved
        return weights

    def win_probability(self, queries: Sequence[str]) -> Floats:
        """Return p of n questions, shape (n,), each in [0, 1]; nothing is drawn."""
        return self._head.win_probability(self._reader.features(queries))

    def spread(self, queries: Sequence[str]) -> Floats:
        """Return the standard deviations of n win probabilities, shape (n,)."""
        return self._head.spread(self._reader.features(queries))

    @property
    def score_quantiles_(self) -> ScoreQuantiles | None:
        """What it scores the questions last learned from; while they are few, what the prior knows."""
        with self._lock:
            if self._quantiles is None or self._n_told - self._quantiles[0] >= _REFRESH:
                self._quantiles = (self._n_told, self._quantiles_now())
            return self._quantiles[1]

    @score_quantiles_.setter
    def score_quantiles_(self, quantiles: ScoreQuantiles | None) -> None:
        self._quantiles = (self._n_told, quantiles)

    def share(self, folder: str | Path) -> None:
        """Add what was learned since the last time to a checkpoint that processes share, and take it whole.

        Begin all with that checkpoint, or with none, and call this now and then, off the path of requests: it
        writes a folder and waits for whoever is at it. Each process caps sources for itself.

        Args:
            folder: The checkpoint; made from this router where there is none.

        Raises:
            ArtifactMismatchError: If it is of a router with other settings.
            ArtifactError: If it is damaged or cannot be written; nothing is lost then.
        """
        share_sums(self, folder)

    def __getstate__(self) -> dict[str, Any]:
        """Leave the lock out of pickles and copies."""
        with self._lock:
            kept = {**vars(self), "_recent": self._recent.copy()}
        return {name: value for name, value in kept.items() if name != "_lock"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take what `__getstate__` gave."""
        vars(self).update(state, _lock=threading.RLock())

    def _begin(self, reader: OnlineReader) -> None:
        """Know nothing but the prior."""
        self._reader, self.blocking = reader, reader.blocking
        self._head = OnlineHead(has_prior=reader.has_prior, memory=self.memory)
        self._trust = SourceTrust(most_share=self.most_share, memory=self.memory)
        self._recent: deque[Floats] = deque(maxlen=_RECENT)
        self._quantiles = None
        self._n_told = self._n_shared = 0
        self._lock = threading.RLock()

    def _quantiles_now(self) -> ScoreQuantiles | None:
        if len(self._recent) >= _LEAST_RECENT:
            scores = self._head.win_probability(np.array(self._recent))
            return ScoreQuantiles.of(scores.tolist(), source="questions last learned from")
        if (known := self._reader.features_at_quantiles()) is None:
            return None
        scores = np.sort(self._head.win_probability(known[1]))
        return ScoreQuantiles(tuple(scores.tolist()), known[0].n_queries, known[0].source)

    def _state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        with self._lock:
            settings = {**{name: getattr(self, name) for name in _SETTINGS}, "count": self.n_learned}
            tensors = {**self._head.as_tensors(), **self._trust.as_tensors()}
            tensors["recent"] = np.array(self._recent, dtype=np.float32).reshape(-1, N_FEATURES)
        reading, prior = self._reader.state()
        return {**settings, "reader": reading}, {**tensors, **prior}

    @classmethod
    def _from_state(
        cls, settings: Mapping[str, Any], tensors: Mapping[str, NDArray[Any]], embedder: Embedder | None
    ) -> Self:
        router = cls(prior=None, **{name: settings[name] for name in _SETTINGS})
        reader = OnlineReader.from_state(settings["reader"], tensors, trim=router.trim, embedder=embedder)
        router._begin(reader)
        router._head.regression.set_sums(sums_of(tensors, settings["count"]))
        router._trust.restore(tensors)
        if (recent := tensors["recent"]).ndim != 2 or recent.shape[1] != N_FEATURES or len(recent) > _RECENT:
            raise ArtifactSchemaError(f"an online router must have at most {_RECENT} rows of {N_FEATURES}")
        router._recent.extend(recent.astype(np.float64))
        return router
