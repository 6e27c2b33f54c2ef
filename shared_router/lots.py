"""Lots: numbers drawn by chance, from any thread, anew or as a seed has them."""

from __future__ import annotations

import random
import threading
from hashlib import blake2b

from shared_router.choices import check_seed


class Lots:
    """Draw numbers in [0, 1).

    Args:
        seed: None takes the operating system's chance, which is another in each process, also in one that
            was forked; a number draws the same numbers in the same order, whoever asks.

    Raises:
        InvalidInputError: If it is no seed.
    """

    def __init__(self, seed: int | None = None) -> None:
        if seed is not None:
            check_seed(seed)
        self.seed = seed
        self._random: random.Random = random.SystemRandom() if seed is None else random.Random(seed)
        self._lock = threading.Lock()

    def draw(self) -> float:
        """Return the next number."""
        with self._lock:
            return self._random.random()

    def __getstate__(self) -> dict[str, object]:
        """Keep the seed and how far it has been drawn; no lock and no system's chance can be pickled."""
        with self._lock:
            return {"seed": self.seed, "state": None if self.seed is None else self._random.getstate()}

    def __setstate__(self, state: dict[str, object]) -> None:
        """Take what `__getstate__` gave."""
        self.__init__(state["seed"])  # type: ignore[misc]
        if state["state"] is not None:
            self._random.setstate(state["state"])  # type: ignore[arg-type]


def lot_of(text: str, *, salt: str) -> float:
    """Return a text's own number in [0, 1): the same in every process, and another for another salt.

    Args:
        text: What is to have a number, such as a question or the name of a conversation.
        salt: What the number is for.
    """
    keyed = blake2b(salt.encode("utf-8", "surrogatepass"), digest_size=32).digest()
    digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8, key=keyed).digest()
    return (int.from_bytes(digest, "big") >> 11) / (1 << 53)
