"""The random router: the baseline that every figure stands beside (paper, section 5).

RouteLLM draws a number per call, so a repeated question may change models; here the number is drawn
from the query itself, so that one question has one answer and batches equal single calls.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from shared_router.choices import check_whole
from shared_router.quantiles import ScoreQuantiles
from shared_router.router import Router

if TYPE_CHECKING:
    from typing_extensions import Self

    from shared_router.embedding.protocol import Embedder


class RandomRouter(Router):
    """Give every query a win probability drawn uniformly from [0, 1).

    Args:
        seed: Another seed gives other numbers; a whole number of at most 64 bits.

    Raises:
        InvalidInputError: If the seed is none.
    """

    name: ClassVar[str] = "random"
    blocking = False
    score_quantiles_: ScoreQuantiles | None = ScoreQuantiles(
        tuple(k / 100 for k in range(101)), 1, "questions of any kind"
    )

    def __init__(self, seed: int = 0) -> None:
        check_whole("seed", seed, least=-(1 << 63), most=(1 << 63) - 1)
        self.seed = int(seed)

    def win_probability(self, queries: Sequence[str]) -> NDArray[np.float64]:
        """Return n independent uniform numbers, shape (n,), each fixed by its query and the seed."""
        key = self.seed.to_bytes(8, "little", signed=True)
        drawn = [
            int.from_bytes(
                hashlib.blake2b(query.encode("utf-8", "surrogatepass"), digest_size=8, key=key).digest(),
                "little",
            )
            for query in queries
        ]
        # 53 bits fill a double's significand: more would round up to 1.0
        mantissas: NDArray[np.uint64] = np.array(drawn, dtype=np.uint64) >> np.uint64(11)
        return mantissas.astype(np.float64) / 2.0**53

    def _state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        return {"seed": self.seed}, {}

    @classmethod
    def _from_state(
        cls, settings: Mapping[str, Any], tensors: Mapping[str, NDArray[Any]], embedder: Embedder | None
    ) -> Self:
        del tensors, embedder
        return cls(**settings)
