"""An embedder whose vectors are known, and outcomes over it."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from shared_router import Outcomes


class Axes:
    """Put sums, verses and jokes on an axis each, and anything else nowhere."""

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        kinds = ("sum", "verse", "joke")
        rows = [[float(text.startswith(kind)) for kind in kinds] for text in texts]
        return np.array(rows, dtype=np.float32).reshape(len(texts), 3)


def graded(n: int = 60) -> Outcomes:
    """Return n sums and n verses: ada does all the sums and no verse, bob the reverse."""
    prompts = [f"sum {i}" for i in range(n)] + [f"verse {i}" for i in range(n)]
    ada = [1.0] * n + [0.0] * n
    return Outcomes.from_columns(prompts, {"ada": ada, "bob": [1 - grade for grade in ada]})
