"""The scores that came last, and the threshold that a share of them reaches."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque
from collections.abc import Sequence

N_RECENT = 500


class RecentScores:
    """Keep the last 500 scores, sorted; those it begins with are the first to go."""

    def __init__(self) -> None:
        self._in_order: list[float] = []
        self._in_time: deque[float] = deque()

    def __len__(self) -> int:
        """Count the scores."""
        return len(self._in_order)

    def __copy__(self) -> RecentScores:
        """Return one that forgets by itself."""
        other = RecentScores()
        other._in_order, other._in_time = [*self._in_order], self._in_time.copy()
        return other

    def begin(self, scores: Sequence[float]) -> None:
        """Take scores from before, such as quantiles, at most 500."""
        for score in scores[:N_RECENT]:
            self.add(score)

    def add(self, score: float) -> None:
        """Take a score, and forget the oldest where there are 500."""
        if len(self._in_time) == N_RECENT:
            del self._in_order[bisect_left(self._in_order, self._in_time.popleft())]
        self._in_time.append(score)
        insort(self._in_order, score)

    def threshold(self, share: float) -> float:
        """Return the threshold that a share of the scores reaches: 1 for a share <= 0, 0 for one >= 1.

        Args:
            share: The share, any number.
        """
        if share <= 0 or share >= 1 or not self._in_order:
            return 1.0 if share <= 0 else 0.0 if share >= 1 else 0.5
        return self._in_order[min(int((1 - share) * len(self._in_order)), len(self._in_order) - 1)]

    def quantiles(self, n: int) -> list[float]:
        """Return n of the scores at equal distances, in order; fewer where there are not so many."""
        count = len(self._in_order)
        if count <= n:
            return [*self._in_order]
        return [self._in_order[round(i * (count - 1) / (n - 1))] for i in range(n)]
