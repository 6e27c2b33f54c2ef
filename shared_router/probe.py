"""The probe: a few queries whose answers a checkpoint holds, by which a wrong loading is noticed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from shared_router.errors import ArtifactSchemaError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PROBE_QUERIES = (
    "What is the capital of France?",
    "Prove that there are infinitely many primes, and say where the proof uses unique factorisation.",
    "",
)
"""What `save` records the answers to and `load` asks again: the same weights behind another embedder
give valid, wrong probabilities, and only their values tell."""

PROBE_TOLERANCE = 1e-4


class Answering(Protocol):
    """What is asked the probe: a router."""

    def win_probability(self, queries: Sequence[str]) -> NDArray[np.float64]:
        """Return each query's win probability."""


def answers_probe(router: Answering, probe: object, tolerance: float) -> bool:
    """Say whether a router answers the probe as the saved one did.

    Args:
        router: The router that was loaded.
        probe: What the checkpoint says that the answers are.
        tolerance: The largest difference, >= 0.

    Raises:
        ArtifactSchemaError: If the router fails.
    """
    import numpy as np

    saved = np.asarray(probe, dtype=np.float64)
    try:
        answers = router.win_probability(PROBE_QUERIES)
    except RuntimeError as error:  # torch's, of shapes that do not fit one another
        raise ArtifactSchemaError("a loaded router must answer the probe, and this one fails") from error
    return saved.shape == answers.shape and np.allclose(answers, saved, rtol=0, atol=tolerance)
