"""An observer that keeps what it is told, and errors as providers raise them."""

from collections import Counter
from typing import Any

from shared_router import CallEnd, WatchedCall


class Listener:
    """Keep each decision and each end."""

    def __init__(self, *, wants_answers: bool = False) -> None:
        self.wants_answers = wants_answers
        self.calls: list[WatchedCall] = []
        self.ends: list[CallEnd] = []
        self.ended_ids: list[str] = []

    def decided(self, call: WatchedCall) -> None:
        """Keep a decision."""
        self.calls.append(call)

    def ended(self, call: WatchedCall, end: CallEnd) -> None:
        """Keep an end."""
        self.ended_ids.append(call.decision_id)
        self.ends.append(end)

    @property
    def outcomes(self) -> list[str]:
        """How calls ended, where each that was told ended once and no other did."""
        assert Counter(self.ended_ids) == Counter(call.decision_id for call in self.calls)
        return [end.outcome for end in self.ends]

    @property
    def asked(self) -> list[list[tuple[str, str | None]]]:
        """Whom each call asked, and what they raised."""
        return [[(each.model, each.error) for each in end.attempts] for end in self.ends]


class RateLimitError(Exception):
    """A provider's, with its status."""

    status_code = 429


class BadRequestError(Exception):
    """A provider's, over what was asked."""

    status_code = 400


def reason_of(message: Any) -> str:
    """Return why a message's model answered."""
    return str(message.response_metadata["routellm"]["reason"])
