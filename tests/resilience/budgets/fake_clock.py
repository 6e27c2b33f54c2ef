"""A clock that a test sets."""

from dataclasses import dataclass

NOON = 1_764_158_400.0
"""2025-11-26T12:00Z."""


@dataclass
class FakeClock:
    """Tells the time that it was set to, in seconds since the epoch."""

    now: float = NOON

    def __call__(self) -> float:
        return self.now
