"""Read questions for an online router, each once: what is asked about is graded soon after."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from functools import cached_property
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from shared_router.quantiles import ScoreQuantiles
from shared_router.router import Router
from shared_router.routers.local_reader import PromptReader
from shared_router.routers.online_features import N_FEATURES, PRIOR_FEATURE, PriorScale, online_features

if TYPE_CHECKING:
    from typing_extensions import Self

    from shared_router.embedding.protocol import Embedder

Floats = NDArray[np.float64]

_REMEMBERED = 256


class OnlineReader:
    """Read questions as the numbers that an online router learns from; hashes of the latest are kept.

    Args:
        prompts: What reads texts.
        has_prior: Whether it asks a prior router.
    """

    def __init__(self, prompts: PromptReader, *, has_prior: bool) -> None:
        self._prompts = prompts
        self.has_prior = has_prior
        self._remembered: OrderedDict[bytes, Floats] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def blocking(self) -> bool:
        """Whether reading can take longer than about a millisecond."""
        return self._prompts.blocking

    @property
    def embedder(self) -> Embedder:
        """What embeds questions, before any trimming."""
        return self._prompts.embedder

    @property
    def prior(self) -> Router | None:
        """The router whose ranking holds until grades say otherwise."""
        return self._prompts.prior

    @cached_property
    def scale(self) -> PriorScale:
        """How the prior's log odds are scaled."""
        return PriorScale.of(self.prior)

    def features(self, queries: Sequence[str]) -> Floats:
        """Return what is read of n questions, shape (n, `N_FEATURES`)."""
        keys = [blake2b(q.encode("utf-8", "surrogatepass"), digest_size=16).digest() for q in queries]
        with self._lock:
            known = {key: self._remembered[key] for key in keys if key in self._remembered}
        missing = {key: query for key, query in zip(keys, queries, strict=True) if key not in known}
        if missing:
            reading = self._prompts.read([*missing.values()])
            read = dict(
                zip(missing, online_features(reading, self.scale, has_prior=self.has_prior), strict=True)
            )
            known |= read
            with self._lock:
                self._remembered |= read
                while len(self._remembered) > _REMEMBERED:
                    self._remembered.popitem(last=False)
        return np.array([known[key] for key in keys]).reshape(-1, N_FEATURES)

    def features_at_quantiles(self) -> tuple[ScoreQuantiles, Floats] | None:
        """Return the prior's quantiles, and what is read where it alone says something; None without them."""
        known = None if self.prior is None else self.prior.score_quantiles_
        if known is None:
            return None
        rows = np.zeros((len(known.values), N_FEATURES))
        rows[:, 0] = 1.0
        rows[:, PRIOR_FEATURE] = [self.scale.of_probability(value) for value in known.values]
        return known, rows

    def state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """Return what makes this reader again, for a checkpoint."""
        settings, tensors = self._prompts.state()
        return {"prompts": settings, "scale": self.scale.as_list()}, tensors

    @classmethod
    def from_state(
        cls,
        settings: Mapping[str, Any],
        tensors: Mapping[str, NDArray[Any]],
        *,
        trim: float | None,
        embedder: Embedder | None,
    ) -> Self:
        """Make the reader that `state` described; `embedder` takes the place of one that has no name."""
        prompts = PromptReader.from_state(settings["prompts"], tensors, trim=trim, embedder=embedder)
        reader = cls(prompts, has_prior=prompts.n_scores == 2)
        reader.scale = PriorScale(*(float(each) for each in settings["scale"]))
        return reader

    def __getstate__(self) -> dict[str, Any]:
        """Leave the lock and what is remembered out of pickles and copies."""
        return {**vars(self), "_remembered": OrderedDict(), "_lock": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take what `__getstate__` gave."""
        vars(self).update(state, _lock=threading.Lock())
