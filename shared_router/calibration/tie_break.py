"""Which of the questions of one score go strong, where a threshold must stand inside a plateau of scores.

A router that gives many questions the same score can send all of them strong or none. A share between the two
needs a coin, and the coin is a hash of the question: the same question goes the same way every time and in
every process, and another seed is another coin.
"""

from __future__ import annotations

from hashlib import blake2b

from shared_router.text import clean


def tie_break(query: str, *, seed: int = 0) -> float:
    """Return a question's place among those of its score.

    It is the first 53 bits of `blake2b(seed as 8 bytes, then the cleaned text in UTF-8)` over 2**53, uniform
    over different questions.

    Args:
        query: The question; it is cleaned as a router's is.
        seed: Which coin, from 0 to 2**32 - 1.

    Returns:
        A number in [0, 1).
    """
    text = clean(query).encode("utf-8")
    digest = blake2b(int(seed).to_bytes(8, "big") + text, digest_size=8).digest()
    return (int.from_bytes(digest, "big") >> 11) / (1 << 53)


def goes_strong(
    win_probability: float, query: str, *, threshold: float, tie_share: float = 1.0, seed: int = 0
) -> bool:
    """Say whether a question goes strong where a threshold stands inside a plateau.

    Strong iff `win_probability > threshold`, or it is equal and `tie_break(query) >= 1 - tie_share`.

    Args:
        win_probability: The question's score, in [0, 1].
        query: The question; it is hashed only where its score is the threshold itself.
        threshold: The cost threshold, in [0, 1].
        tie_share: Which share of the questions at the threshold go strong, in [0, 1]; 1 is the plain rule
            `win_probability >= threshold`.
        seed: Which coin.
    """
    if win_probability != threshold or tie_share == 1:
        return win_probability >= threshold
    return tie_break(query, seed=seed) >= 1 - tie_share
