"""A router that learns one's own traffic from a hundred graded prompts, and from a hundred thousand.

With `x` a prompt's embedding, `f` the features of its form (`text_features`), `z` what is known beforehand
(a shipped router's log odds, the log of the length), all standardised,

    said(q) = s . z + sum_a w_a exp(-gamma |x - x_a|^2) + sum_b u_b exp(-gamma' |f - f_b|^2)
    p(q) = sigmoid(c_0 + c_1 ((1 - l) said(q) + l trees(z, f, x)))

None of the paper's four. What is learned is the gain, the strong model's grade less the weak one's. How much
each part may say is not set but weighed by how well it foretells the very grades: few of them leave the
shipped router's ranking nearly as it is, many take its place. Domain means and nearest neighbours have no
part of their own: the kernel over embeddings does what they do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from shared_router.choices import check_seed, shown
from shared_router.embedding.nearness import largest_cosines
from shared_router.embedding.trimmed import TRIM
from shared_router.errors import ArtifactSchemaError, InvalidInputError, NotFittedError
from shared_router.preferences.ties import Ties, check_ties
from shared_router.quantiles import ScoreQuantiles
from shared_router.router import Router
from shared_router.routers.embedding_router import restored_on_failure
from shared_router.routers.local_fit import fit_local
from shared_router.routers.local_head import LocalHead
from shared_router.routers.local_kept import KeptRows
from shared_router.routers.local_reader import PromptReader
from shared_router.routers.local_reading import Reading
from shared_router.routers.local_report import LocalReport, report_of
from shared_router.routers.local_rows import GradedRows, check_rows, graded_rows
from shared_router.routers.neighbor import Neighbor, nearest
from shared_router.routers.shipped import DEFAULT_ROUTER

if TYPE_CHECKING:
    from typing_extensions import Self

    from shared_router.embedding.protocol import Embedder
    from shared_router.preferences.data import PreferenceData
    from shared_router.records.outcomes import Outcomes

_SETTINGS = ("trim", "ties", "strong", "weak", "anchors", "seed", "keep_rows")


class LocalRouter(Router):
    """Learn which of one's own prompts need the strong model, from grades of both models' answers.

    Where there are none, ask the shipped router; where there are battles of many models and no grades,
    `SimilarityWeightedRouter` learns from all of them.

    Args:
        embedder: What embeds prompts, in rows of length 1, or the name of a shipped one. None takes what the
            prior reads, so that a prompt is embedded once, and the shipped one where it reads nothing.
        prior: The router whose ranking holds until grades say otherwise: one that is fitted, the name of a
            shipped one, or None for none. It is saved along.
        strong: The strong model's name in the grades.
        weak: The weak model's name.
        trim: As `StaticRouter`'s: the share of a prompt's pieces that may not speak.
        ties: What a tie is when probabilities are made: `"weak"` (no win), `"half"`, or `"drop"`.
        anchors: How many prompts each kernel keeps, >= 1.
        seed: Draws anchors, folds and trees.
        keep_rows: Whether what was read of the graded prompts stays, as numbers and without their texts, also
            in a checkpoint, so that `partial_fit` may add grades.

    Attributes:
        report_: What it is worth on prompts it had not seen, and beside what; None before `fit`.
    """

    name: ClassVar[str] = "local"
    report_: LocalReport | None = None

    def __init__(
        self,
        embedder: Embedder | str | None = None,
        *,
        prior: Router | str | None = DEFAULT_ROUTER,
        strong: str = "strong",
        weak: str = "weak",
        trim: float | None = TRIM,
        ties: Ties = "weak",
        anchors: int = 192,
        seed: int = 0,
        keep_rows: bool = False,
    ) -> None:
        if isinstance(anchors, bool) or not isinstance(anchors, (int, np.integer)) or anchors < 1:
            raise InvalidInputError(f"anchors must be a whole number >= 1, got {shown(anchors)}")
        check_seed(seed)
        check_ties(ties)
        self._reader = PromptReader(embedder, prior=prior, trim=trim)
        self.blocking = self._reader.blocking
        self.strong = strong
        self.weak = weak
        self.trim = trim
        self.ties: Ties = ties
        self.anchors = anchors
        self.seed = seed
        self.keep_rows = keep_rows
        self.head_: LocalHead | None = None
        self._kept: KeptRows | None = None

    @property
    def embedder(self) -> Embedder:
        """What embeds prompts."""
        return self._reader.embedder

    @property
    def prior(self) -> Router | None:
        """The router whose ranking holds until grades say otherwise."""
        return self._reader.prior

    @restored_on_failure
    def fit(self, preferences: PreferenceData | Outcomes, *, progress: bool = True) -> Self:
        """Learn from grades of both models, or from battles between them.

        Args:
            preferences: Grades in [0, 1] (`Outcomes`, as `read_outcomes` returns) or battles, of 20 distinct
                prompts or more, better a hundred. Other models' are left out.
            progress: Whether to show a bar, where that takes long and there is a terminal.

        Returns:
            This router.

        Raises:
            InvalidInputError: If the data are neither.
            UnknownNameError: If they do not know the strong or the weak model.
            DataError: If no prompt has both, there are too few, or all end alike.
        """
        rows = graded_rows(preferences, strong=self.strong, weak=self.weak, ties=self.ties)
        check_rows(rows, self.ties)
        self._learn(rows, self._reader.read_all(rows.prompts, progress=progress))
        return self

    @restored_on_failure
    def partial_fit(self, preferences: PreferenceData | Outcomes, *, progress: bool = True) -> Self:
        """Learn from further grades beside those learned from before, as if all had come at once.

        Args:
            preferences: As in `fit`, from one prompt on. One graded before counts with both grades' mean.
            progress: As in `fit`.

        Returns:
            This router.

        Raises:
            NotFittedError: If the router was not made with `keep_rows=True`, or has learned nothing yet.
            DataError: As in `fit`, of all grades.
        """
        if self._kept is None:
            raise NotFittedError(
                "partial_fit must have the rows that were learned from; make the router with keep_rows=True "
                "and fit it, or fit on all grades at once"
            )
        new = graded_rows(preferences, strong=self.strong, weak=self.weak, ties=self.ties)
        reading = Reading.joined([self._kept.reading, self._reader.read_all(new.prompts, progress=progress)])
        rows, places = self._kept.rows.plus(new)
        check_rows(rows, self.ties)
        self._learn(rows, reading.part(places))
        return self

    def win_probability(self, queries: Sequence[str]) -> NDArray[np.float64]:
        """Return p of n prompts, shape (n,), each in (0, 1).

        Raises:
            NotFittedError: If the router has learned nothing yet.
        """
        if self.head_ is None:
            raise NotFittedError("a LocalRouter must learn before it is asked; call fit or load")
        return self.head_.win_probability(self._reader.read(queries, dim=self.head_.dim))

    def training_similarity(self, queries: Sequence[str]) -> NDArray[np.float64] | None:
        """Return each prompt's largest cosine to the training prompts that the kernel keeps."""
        if self.head_ is None:
            return None
        reading = self._reader.read(queries, dim=self.head_.dim)
        return largest_cosines(reading.vectors, self.head_.by_vector.anchors)

    def neighbors(self, query: str, *, n: int = 5) -> list[Neighbor]:
        """Return the graded prompts nearest a query, and how they ended; none without `keep_rows`.

        Args:
            query: Any text.
            n: How many, >= 1.
        """
        if self._kept is None or self.head_ is None:
            return []
        vector = self._reader.read([query], dim=self.head_.dim).vectors[0]
        return nearest(self._kept.reading.vectors @ vector, self._kept.rows.wins, n)

    def _learn(self, rows: GradedRows, reading: Reading) -> None:
        has_prior = self.prior is not None
        fitted = fit_local(reading, rows, has_prior=has_prior, anchors=self.anchors, seed=self.seed)
        self.head_ = fitted.head
        self.report_ = report_of(
            rows.gains,
            fitted.unseen,
            fitted.at_fewer,
            length=reading.scores[:, -1],
            prior=reading.scores[:, 0] if has_prior else None,
        )
        unseen = fitted.unseen_probability.tolist()
        self.score_quantiles_ = ScoreQuantiles.of(unseen, source="held-out training prompts")
        self._kept = KeptRows(rows, reading) if self.keep_rows else None

    def _state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        if self.head_ is None or self.report_ is None:
            raise NotFittedError("a LocalRouter must learn before it is saved; call fit")
        reading, prior = self._reader.state()
        settings = {
            **{name: getattr(self, name) for name in _SETTINGS},
            "reader": reading,
            "head": self.head_.settings(),
            "report": self.report_.as_settings(),
        }
        kept = {} if self._kept is None else self._kept.tensors()
        return settings, {**self.head_.tensors(), **prior, **kept}

    @classmethod
    def _from_state(
        cls, settings: Mapping[str, Any], tensors: Mapping[str, NDArray[Any]], embedder: Embedder | None
    ) -> Self:
        router = cls(prior=None, **{name: settings[name] for name in _SETTINGS})
        reader = PromptReader.from_state(settings["reader"], tensors, trim=router.trim, embedder=embedder)
        router._reader, router.blocking = reader, reader.blocking
        router.head_ = LocalHead.from_checkpoint(settings["head"], PromptReader.without_prior(tensors))
        if len(router.head_.slopes) != reader.n_scores + 1:
            raise ArtifactSchemaError("a local router must have one slope a known score, and a constant")
        router._kept = KeptRows.from_tensors(tensors) if router.keep_rows else None
        router.report_ = LocalReport.from_settings(settings["report"])
        return router
