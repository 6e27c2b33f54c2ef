"""What a strong and a weak model made of the same prompts: scores, and what each answer cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from shared_router.errors import InvalidInputError

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Pair:
    """Both models' answers to n prompts, ready to be routed between.

    Attributes:
        prompts: n texts. Not in the repr.
        strong: Quality of the strong model's answers, shape (n,), finite, higher is better.
        weak: Quality of the weak model's answers, shape (n,).
        strong_cost: What each strong answer cost, shape (n,), >= 0: dollars, or 1 each where no dollars are
            known.
        weak_cost: The same of the weak answers; 0 each where no dollars are known.
        in_dollars: Whether the costs are dollars; else they count strong calls.
        units: Which unit each row belongs to, shape (n,), numbers 0 to U - 1: what a bootstrap draws
            together, a prompt or a conversation.
        domains: Each prompt's domain, n names, or None where they are not known.

    Raises:
        InvalidInputError: If there is no prompt, lengths differ, or a number is not finite.
    """

    prompts: Sequence[str] = field(repr=False)
    strong: Floats = field(repr=False)
    weak: Floats = field(repr=False)
    strong_cost: Floats = field(repr=False)
    weak_cost: Floats = field(repr=False)
    in_dollars: bool
    units: Rows = field(repr=False)
    domains: Sequence[str] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Refuse what no figure could be read off."""
        n = len(self.prompts)
        if n == 0:
            raise InvalidInputError("evaluation needs a prompt that both models were graded on, got none")
        for name in ("strong", "weak", "strong_cost", "weak_cost"):
            column: Floats = getattr(self, name)
            if column.shape != (n,):
                raise InvalidInputError(f"{name} must have shape ({n},), got {column.shape}")
            if not np.isfinite(column).all():
                raise InvalidInputError(f"{name} must hold finite numbers, got NaN or infinity")
        if self.units.shape != (n,) or (self.domains is not None and len(self.domains) != n):
            raise InvalidInputError(f"units and domains must have one entry a prompt ({n})")

    def __len__(self) -> int:
        """Return n, the number of prompts."""
        return len(self.prompts)

    @property
    def gain(self) -> Floats:
        """What the strong answer is better by, shape (n,)."""
        gain: Floats = self.strong - self.weak
        return gain

    @property
    def strong_wins(self) -> Floats:
        """1 where the strong answer is better, else 0, shape (n,): a tie is no reason to pay."""
        return (self.strong > self.weak).astype(np.float64)

    @property
    def n_units(self) -> int:
        """How many units a bootstrap draws from."""
        return int(self.units.max()) + 1

    def take(self, rows: Rows) -> Pair:
        """Return the chosen rows, their units numbered anew."""
        return Pair(
            [self.prompts[row] for row in rows],
            self.strong[rows],
            self.weak[rows],
            self.strong_cost[rows],
            self.weak_cost[rows],
            self.in_dollars,
            np.unique(self.units[rows], return_inverse=True)[1].astype(np.int64),
            None if self.domains is None else [self.domains[row] for row in rows],
        )


def pair_from_scores(
    prompts: Sequence[str],
    strong: Sequence[float] | Floats,
    weak: Sequence[float] | Floats,
    *,
    strong_dollars: Sequence[float] | Floats | None = None,
    weak_dollars: Sequence[float] | Floats | None = None,
    domains: Sequence[str] | None = None,
    conversations: Sequence[str] | None = None,
) -> Pair:
    """Make a pair of columns.

    Args:
        prompts: n texts.
        strong: Quality of the strong model's answers, n numbers.
        weak: Quality of the weak model's answers, n numbers.
        strong_dollars: What each strong answer cost; None, or None for the weak ones, counts strong calls.
        weak_dollars: What each weak answer cost.
        domains: Each prompt's domain.
        conversations: Each prompt's conversation, which a bootstrap then draws whole.

    Raises:
        InvalidInputError: As `Pair`.
    """
    n = len(prompts)
    priced = strong_dollars is not None and weak_dollars is not None
    units = np.arange(n) if conversations is None else np.unique(list(conversations), return_inverse=True)[1]
    return Pair(
        prompts,
        np.asarray(strong, dtype=np.float64),
        np.asarray(weak, dtype=np.float64),
        np.asarray(strong_dollars if priced else np.ones(n), dtype=np.float64),
        np.asarray(weak_dollars if priced else np.zeros(n), dtype=np.float64),
        priced,
        units.astype(np.int64),
        domains,
    )
