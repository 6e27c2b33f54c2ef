"""What a process holds of one account, and how much it takes at a time."""

from __future__ import annotations

from shared_router.resilience.budgets.store import Account, Taken

ASK_AGAIN_S = 0.25
"""How long a process keeps to a refusal: a budget that is spent must not have each call ask for more."""

CALLS = 2
"""How many calls a slice is for, at least where the limit is far."""


class Slice:
    """What a process holds of one account. Whoever uses it holds a lock.

    Attributes:
        account: What it was taken from.
        free: Billionths of a dollar that no call has reserved.
        size: How much is taken at a time, beside what is needed at once.
        taken: What all processes had taken when the store was last asked.
        limit: The largest limit that it was asked with.
        used_at: When it last served.
        wanted: Whether more should be taken before it is needed.
    """

    __slots__ = (
        *("_need", "_refused", "account", "free", "limit", "size", "taken"),
        *("topped_at", "used_at", "wanted"),
    )

    def __init__(self, account: Account, now: float) -> None:
        self.account = account
        self.free = self.taken = self.limit = self.size = 0
        self.used_at = now
        self.topped_at = float("-inf")
        self.wanted = False
        self._need = 0
        self._refused: tuple[float, int, int] | None = None

    @property
    def used(self) -> int:
        """What all have taken, without what is free here."""
        return self.taken - self.free

    def serve(self, least: int, limit: int, now: float) -> Taken | None:
        """Take from what is free; None where the store must be asked."""
        self.used_at, self.limit = now, max(self.limit, limit)
        self._need = least or self._need
        if self._has(least, limit):
            self.free -= least
            self.wanted = least > 0 and 2 * self.free < self.size
            return Taken(least, self.used, self.account.period)
        return Taken(0, self.used, self.account.period) if self._is_refused(least, limit, now) else None

    def would_ask(self, least: int, limit: int, now: float) -> bool:
        """Tell whether the store must be asked for so much."""
        return not self._has(least, limit) and not self._is_refused(least, limit, now)

    def set_aside(self, least: int) -> int:
        """Take what is free of what is needed out, and return what the store must add."""
        part = min(self.free, least)
        self.free -= part
        return least - part

    def wish(self, least: int, limit: int, now: float) -> int:
        """Return how much to take beside what is needed: more where the last went within a second."""
        self._need = least or self._need
        is_quick = now - self.topped_at < 1.0
        self.size = max(CALLS * self._need, self.size * 2 if is_quick else self.size // 2)
        self.size = min(self.size, max(0, limit - self.taken) // 8)
        return self.size

    def receive(self, answer: Taken, need: int, *, least: int, limit: int, now: float) -> Taken:
        """Take what the store granted beside what was set aside; return what the call gets."""
        self.account = self.account._replace(period=answer.period)
        self.taken, self.topped_at, self.wanted = answer.taken, now, False
        self.free += answer.granted + (least - need)
        served = self._has(least, limit)
        self._refused = None if served else (now, least, limit)
        if served:
            self.free -= least
        return Taken(least if served else 0, self.used, answer.period)

    def _has(self, least: int, limit: int) -> bool:
        return least <= self.free and self.used + least <= limit

    def _is_refused(self, least: int, limit: int, now: float) -> bool:
        if self._refused is None:
            return False
        at, its_least, its_limit = self._refused
        return now - at < ASK_AGAIN_S and least >= its_least and limit <= its_limit
