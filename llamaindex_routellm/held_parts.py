"""The parts of a stream that its reader does not get yet: another model may still have to answer."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from llamaindex_routellm.first_content import has_content

if TYPE_CHECKING:
    from shared_router import Attempts

_LATEST = 3
"""Parts that are kept: why a stream ended may stand in the one before the one with its tokens."""


class HeldParts:
    """Hold back what comes before a stream's first content, as long as another model may be asked.

    Args:
        attempts: What says so.

    Attributes:
        latest: The last parts, newest last.
    """

    __slots__ = ("_attempts", "_has_begun", "_held", "latest")

    def __init__(self, attempts: Attempts) -> None:
        self.latest: deque[Any] = deque(maxlen=_LATEST)
        self._attempts = attempts
        self._has_begun = False
        self._held: list[Any] = []

    def taken(self, part: Any) -> list[Any]:
        """Take a part, and return those that the reader gets now."""
        self.latest.append(part)
        if self._has_begun:
            return [part]
        self._held.append(part)
        if has_content(part):
            self._has_begun = True
            self._attempts.first_content()
        elif self._attempts.can_move_on:
            return []
        return self.left()

    @property
    def parts(self) -> list[Any]:
        """What is held back."""
        return list(self._held)

    def left(self) -> list[Any]:
        """Return what is held back, and hold it no longer."""
        held, self._held = self._held, []
        return held
