"""The paper's own figures on its benchmarks, to stand in a column of their own.

arXiv 2406.18665v4, tables 1 to 3. Its routers learned from other data than ours can (65,000 arena battles,
and with them 120,000 judged or 1,500 gold answers) on OpenAI's embeddings: the shape may be compared, the
figures not.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reported:
    """One router's figures in the paper.

    Attributes:
        data: What it learned from.
        cpt50: CPT(50%), a strong fraction.
        cpt80: CPT(80%).
        apgr: APGR, over ten thresholds.
    """

    data: str
    cpt50: float
    cpt80: float
    apgr: float

    def __str__(self) -> str:
        """Show the figures as a cell of a table."""
        return f"APGR {self.apgr:.3f}, CPT {self.cpt50:.2f} / {self.cpt80:.2f} ({self.data})"


_ARENA, _JUDGE, _GOLD = "65k arena", "65k arena + 120k judged", "65k arena + 1.5k gold"

REPORTED: dict[str, dict[str, tuple[Reported, ...]]] = {
    "MT-Bench": {
        "bert": (Reported(_ARENA, 0.7809, 0.8764, 0.391), Reported(_JUDGE, 0.1958, 0.3402, 0.751)),
        "causal_lm": (Reported(_ARENA, 0.2882, 0.7753, 0.573), Reported(_JUDGE, 0.3150, 0.4875, 0.679)),
        "matrix_factorization": (
            Reported(_ARENA, 0.2532, 0.7426, 0.580),
            Reported(_JUDGE, 0.1340, 0.3131, 0.802),
        ),
        "similarity_weighted": (
            Reported(_ARENA, 0.3785, 0.5899, 0.610),
            Reported(_JUDGE, 0.2321, 0.3604, 0.759),
        ),
        "random": (Reported("none", 0.4903, 0.7808, 0.500),),
    },
    "MMLU": {
        "bert": (Reported(_ARENA, 0.4943, 0.7780, 0.502), Reported(_GOLD, 0.4130, 0.7220, 0.572)),
        "causal_lm": (Reported(_ARENA, 0.4888, 0.7793, 0.499), Reported(_GOLD, 0.3549, 0.7031, 0.600)),
        "matrix_factorization": (
            Reported(_ARENA, 0.4500, 0.7686, 0.524),
            Reported(_GOLD, 0.3546, 0.7140, 0.597),
        ),
        "similarity_weighted": (
            Reported(_ARENA, 0.5582, 0.8025, 0.473),
            Reported(_GOLD, 0.3540, 0.7155, 0.603),
        ),
        "random": (Reported("none", 0.5007, 0.7993, 0.500),),
    },
    "GSM8K": {
        "bert": (Reported(_ARENA, 0.5878, 0.8384, 0.438), Reported(_JUDGE, 0.4476, 0.7909, 0.531)),
        "causal_lm": (Reported(_ARENA, 0.5609, 0.8356, 0.461), Reported(_JUDGE, 0.3364, 0.6326, 0.622)),
        "matrix_factorization": (
            Reported(_ARENA, 0.5359, 0.8524, 0.4746),
            Reported(_JUDGE, 0.3882, 0.7262, 0.565),
        ),
        "similarity_weighted": (
            Reported(_ARENA, 0.5443, 0.8211, 0.4753),
            Reported(_JUDGE, 0.4121, 0.7220, 0.568),
        ),
        "random": (Reported("none", 0.5000, 0.8008, 0.497),),
    },
}
"""By benchmark and by the name of a router's class."""
