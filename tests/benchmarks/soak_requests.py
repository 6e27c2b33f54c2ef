"""The soak's requests, how many are asked at a time, and what became of each; the standard library alone.

It is imported in LiteLLM's environment too, which has nothing of ours.
"""

import asyncio
import json
import time
import urllib.request
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from tests.provider_answers import answer_text

MODELS = ("strong", "weak")
TIMEOUT_S = 10.0
"""How long every contestant lets one attempt take."""

RETRIES = 2
"""How often LiteLLM asks again: as often as OpenAI's client does by default, which the others are over."""

FAULTS: tuple[dict[str, Any], ...] = (
    {"kind": "429", "seconds": 0.5},
    {"kind": "500"},
    {"kind": "reset"},
    {"kind": "slow", "seconds": 2 * TIMEOUT_S},
    {"kind": "cut"},
)
"""What goes wrong, each as often as the others; a stream is cut at `CUTS`."""

CUTS = (None, 1, 3, 6)
"""How many parts come before a stream is cut: before its content in half of the cases."""


@dataclass(frozen=True, slots=True)
class SoakRequest:
    """One request.

    Attributes:
        id: What it and its answer are known by.
        model: Which model it is meant for.
        streams: Whether its answer is streamed.
    """

    id: str
    model: str
    streams: bool

    @property
    def prompt(self) -> str:
        """What is asked."""
        return f"A question, {'HARD' if self.model == 'strong' else 'easy'}, number {self.id}"


Ask = Callable[[SoakRequest], Awaitable[str]]


def soak_request(n: int) -> SoakRequest:
    """Return the n-th request: half are for each model, and half of each half are streams."""
    return SoakRequest(f"q{n}", MODELS[n % 2], bool(n // 2 % 2))


def what_became_of(request: SoakRequest, answer: str) -> str:
    """Judge an answer: the model's own, whole and once, or what is wrong with it."""
    whole = [answer_text(request.id, model) for model in MODELS]
    if answer in whole:
        return "answered"
    if any(text.startswith(answer) for text in whole):
        return "truncated"
    if answer.count(f"{request.id} by") > 1:
        return "doubled"
    return "misordered" if " by " in answer and not answer.startswith(f"{request.id} ") else "wrong"


async def soak(ask: Ask, n: int, *, concurrent: int) -> dict[str, Any]:
    """Ask n requests, so many at a time.

    Returns:
        How many came to each end, those that came to none as `"lost"`; the errors by class; the seconds.
    """
    ends: Counter[str] = Counter()
    errors: Counter[str] = Counter()
    waiting = iter(range(n))
    began = time.perf_counter()

    async def work() -> None:
        for number in waiting:
            request = soak_request(number)
            try:
                end = what_became_of(request, await ask(request))
            except Exception as error:  # noqa: BLE001  # whatever a client raises is an end that is counted
                end = "failed"
                errors[type(error).__name__] += 1
            ends[end] += 1

    await asyncio.gather(*(work() for _ in range(concurrent)))
    ends["lost"] = n - ends.total()
    return {"ends": dict(ends), "errors": dict(errors), "seconds": time.perf_counter() - began}


def plan_faults(url: str, *, share: float, seed: int) -> None:
    """Tell the fault server what goes wrong from now on, and have it forget what was asked before."""
    faults = [{**fault, **({"at": at} if fault["kind"] == "cut" else {})} for fault in FAULTS for at in CUTS]
    plan = json.dumps({"share": share, "seed": seed, "faults": faults}).encode()
    told = urllib.request.Request(f"{url.removesuffix('/v1')}/plan", plan, method="POST")
    with urllib.request.urlopen(told):
        pass


def requests_asked(url: str) -> list[dict[str, Any]]:
    """Return what the fault server was asked since it was told its plan."""
    with urllib.request.urlopen(f"{url.removesuffix('/v1')}/asked") as answer:
        asked: list[dict[str, Any]] = json.load(answer)["asked"]
    return asked
