"""A router whose scores are probabilities that come true: any router, and a map fitted on held-out grades."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from shared_router.calibration.probabilities import (
    IsotonicMap,
    MapMethod,
    PlattMap,
    ProbabilityMap,
    checked_pairs,
    fit_map,
    venn_abers,
)
from shared_router.calibration.rows import Numbers, asked_scores
from shared_router.checkpoints.artifact import Artifact, save_artifact
from shared_router.errors import ArtifactSchemaError, InvalidInputError
from shared_router.probe import PROBE_QUERIES
from shared_router.quantiles import ScoreQuantiles
from shared_router.registry import router_class
from shared_router.router import Router

if TYPE_CHECKING:
    from typing_extensions import Self

    from shared_router.embedding.protocol import Embedder
    from shared_router.messages import AnyMessage

_BASE, _KIND = "base.", "router/"


class CalibratedRouter(Router):
    """Ask a router, and map its scores to probabilities in the same order.

    Args:
        base: The router, fitted.
        probability_map: What its scores are mapped by.
        held_out: The scores and wins that the map was fitted on, for `interval`; None gives none.

    Attributes:
        base: The router.
        probability_map: The map.
    """

    name: ClassVar[str] = "calibrated"
    max_checkpoint_bytes: ClassVar[int] = 2 * 1024**3

    def __init__(
        self,
        base: Router,
        *,
        probability_map: ProbabilityMap,
        held_out: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None,
    ) -> None:
        self.base = base
        self.probability_map = probability_map
        self.blocking = base.blocking
        self.reads_conversations = base.reads_conversations  # type: ignore[misc]  # as the router asked does
        self._held_out = held_out
        known = base.score_quantiles_
        if known is not None:
            mapped = probability_map(np.array(known.values)).tolist()
            self.score_quantiles_ = ScoreQuantiles(tuple(mapped), known.n_queries, known.source)

    @classmethod
    def of(
        cls, base: Router, prompts: Sequence[str], wins: Numbers, *, method: MapMethod = "platt"
    ) -> CalibratedRouter:
        """Calibrate a router on prompts it has not learned from.

        Args:
            base: The router, fitted.
            prompts: n prompts, at least `LEAST_ROWS`.
            wins: 1 where the strong answer was better, else 0, one a prompt.
            method: See `fit_map`.

        Raises:
            InvalidInputError: If there are too few prompts, or a number is outside [0, 1].
            DataError: If the strong model won on all of them, or on none.
        """
        scores = asked_scores(base, prompts, None)
        held_out = checked_pairs(scores, wins)
        return cls(base, probability_map=fit_map(*held_out, method=method), held_out=held_out)

    def win_probability(self, queries: Sequence[str]) -> NDArray[np.float64]:
        """Return the calibrated probabilities, shape (n,), each in [0, 1]."""
        return self.probability_map(np.asarray(self.base.win_probability(queries), dtype=np.float64))

    def win_probability_of(self, messages: Sequence[AnyMessage]) -> float:
        """Return the calibrated probability of a conversation, in [0, 1]."""
        asked = np.array([self.base.win_probability_of(messages)], dtype=np.float64)
        return float(self.probability_map(asked)[0])

    def coverage(self, queries: Sequence[str]) -> NDArray[np.float64] | None:
        """Return what the router says of how much it knows of queries, just scored."""
        return self.base.coverage(queries)

    def training_similarity(self, queries: Sequence[str]) -> NDArray[np.float64] | None:
        """Return what the router says of how near queries are to its training prompts."""
        return self.base.training_similarity(queries)

    def interval(self, queries: Sequence[str]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return Venn-Abers intervals: one end of each is calibrated whatever the scores are like.

        Args:
            queries: n texts; each takes a pass over the held-out rows.

        Returns:
            The lower and the upper ends, shape (n,) each.

        Raises:
            InvalidInputError: If the held-out rows were not kept.
        """
        if self._held_out is None:
            raise InvalidInputError("intervals need the held-out rows; calibrate with CalibratedRouter.of")
        if not queries:
            return np.empty(0), np.empty(0)
        return venn_abers(*self._held_out, np.asarray(self.base.win_probability(queries)))

    @classmethod
    def load(
        cls, folder: str | Path, *, embedder: Embedder | None = None, expected_sha256: str | None = None
    ) -> Self:
        """Read a calibrated router with the router in it; see `Router.load`."""
        return cls._load(folder, expected_sha256, lambda artifact: cls._restored(artifact, embedder))

    def _artifact(self) -> Artifact:
        inner = self.base._artifact()
        settings = {**inner.settings, "probe": [float(p) for p in self.base.win_probability(PROBE_QUERIES)]}
        if self.base.score_quantiles_ is not None:
            settings["score_quantiles"] = self.base.score_quantiles_.as_settings()
        tensors = {f"{_BASE}{name}": tensor for name, tensor in inner.tensors.items()}
        said: dict[str, Any] = {"base_kind": inner.kind, "base": settings}
        if isinstance(self.probability_map, PlattMap):
            said["platt"] = [self.probability_map.slope, self.probability_map.shift]
        else:
            tensors["map_scores"] = self.probability_map.scores
            tensors["map_probabilities"] = self.probability_map.probabilities
        if self._held_out is not None:
            tensors["held_out_scores"], tensors["held_out_wins"] = self._held_out
        return replace(inner, kind=f"{_KIND}{self.name}", settings=said, tensors=tensors)

    @classmethod
    def _restored(cls, artifact: Artifact, embedder: Embedder | None) -> Self:
        said, tensors = artifact.settings, artifact.tensors
        if not str(said["base_kind"]).startswith(_KIND):
            raise ArtifactSchemaError("a calibrated checkpoint must hold a router, and this one does not")
        inside = {name[len(_BASE) :]: one for name, one in tensors.items() if name.startswith(_BASE)}
        base_class = router_class(said["base_kind"][len(_KIND) :])
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:  # read as if saved by itself
            save_artifact(
                folder, Artifact(said["base_kind"], said["base"], inside, artifact.files), overwrite=True
            )
            base = base_class.load(folder, embedder=embedder)
        held_out = (
            (tensors["held_out_scores"], tensors["held_out_wins"]) if "held_out_wins" in tensors else None
        )
        return cls(base, probability_map=_map_of(said, tensors), held_out=held_out)


def _map_of(said: Mapping[str, Any], tensors: Mapping[str, NDArray[Any]]) -> ProbabilityMap:
    """Return the map of a checkpoint, checked to rise and to stay in [0, 1]."""
    if "platt" in said:
        slope, shift = (float(value) for value in said["platt"])
        if not slope > 0:
            raise ArtifactSchemaError("a calibrated checkpoint's slope must be > 0")
        return PlattMap(slope, shift)
    scores, probabilities = tensors["map_scores"], tensors["map_probabilities"]
    rises = scores.ndim == 1 and scores.shape == probabilities.shape and len(scores) > 0
    if not rises or (np.diff(scores) <= 0).any() or (np.diff(probabilities) < 0).any():
        raise ArtifactSchemaError("a calibrated checkpoint's map must rise")
    if probabilities[0] < 0 or probabilities[-1] > 1:
        raise ArtifactSchemaError("a calibrated checkpoint's map must give probabilities")
    return IsotonicMap(scores, probabilities)
