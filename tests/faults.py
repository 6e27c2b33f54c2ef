"""What goes wrong with a request: by a script for a model, or by chance for a share of them."""

from __future__ import annotations

import hashlib
import threading
from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal[
    "none",
    "400",
    "401",
    "403",
    "429",
    "500",
    "503",
    "reset",
    "slow",
    "stall",
    "cut",
    "eof",
    "error_event",
    "bad_json",
    "no_choices",
    "null_choices",
    "no_message",
    "null_message",
    "empty_message",
    "empty_body",
    "html",
    "content_filter",
    "withheld",
]
"""`content_filter` refuses a request, `withheld` keeps an answer back, `cut` drops the connection, `eof` ends
a stream as if it were whole, `stall` never ends it. A choice of `no_message` has none, of `null_message` a
null in its place, of `empty_message` one with neither content nor a call; `html` is a page of a proxy's."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong with one request.

    Attributes:
        kind: What.
        at: How many parts of a stream come before it: the first is an empty one with the role, as OpenAI's
            is. None is before the status line for `reset`, `slow` and `stall`, and before any part elsewhere.
        seconds: How long a slow one waits, or the `Retry-After` of a 429; None sends no such header.
    """

    kind: Kind
    at: int | None = None
    seconds: float | None = None


NO_FAULT = Fault("none")


@dataclass(frozen=True, slots=True)
class RandomFaults:
    """A share of requests that fail, the same ones whenever they are asked in whatever order.

    Attributes:
        share: How many do, 0..1.
        faults: How, each as often as the others.
        seed: Another one chooses others.
    """

    share: float = 0.0
    faults: Sequence[Fault] = (Fault("500"),)
    seed: int = 0

    def of(self, request: str, model: str, attempt: int) -> Fault:
        """Return what goes wrong when a model is asked a request for the n-th time."""
        name = f"{self.seed} {request} {model} {attempt}".encode()
        digest = hashlib.blake2b(name, digest_size=16).digest()
        if int.from_bytes(digest[:8], "big") / 2**64 >= self.share:
            return NO_FAULT
        return self.faults[int.from_bytes(digest[8:], "big") % len(self.faults)]


@dataclass(slots=True)
class FaultPlan:
    """What will go wrong: what a script says of a model first, then what chance does.

    Attributes:
        chance: What happens to requests that no script speaks of.
        always: What happens to a model at every request, such as an outage.
    """

    chance: RandomFaults = field(default_factory=RandomFaults)
    always: dict[str, Fault] = field(default_factory=dict)
    _scripts: defaultdict[str, deque[Fault]] = field(default_factory=lambda: defaultdict(deque))
    _attempts: defaultdict[tuple[str, str], int] = field(default_factory=lambda: defaultdict(int))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def script(self, model: str, faults: Iterable[Fault]) -> None:
        """Say what happens to a model's next requests, one after the other."""
        with self._lock:
            self._scripts[model].extend(faults)

    def next(self, request: str, model: str) -> Fault:
        """Return what happens to this request."""
        with self._lock:
            if self._scripts[model]:
                return self._scripts[model].popleft()
            if model in self.always:
                return self.always[model]
            self._attempts[request, model] += 1
            return self.chance.of(request, model, self._attempts[request, model])
