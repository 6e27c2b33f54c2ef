"""What ways to keep a conversation's model cost, on recorded agent traces.

Run: python -m tests.benchmarks.sticky_traces --write

The calls are those of tests/data/agent_traces.jsonl (`record_agents`), replayed under each way with the
shipped router's scores: switches between models in a conversation, the share of prompt tokens that the
provider sells as cached, dollars, and as a proxy for quality the share of the hard turns' answers that the
strong model gives. A provider is simulated: a model has the prompt that it read last in the conversation, for
300 seconds, where that was at least 1024 tokens long. The recorded prompts are as short as the local model
needs them; agents bring more, so each way also stands with instructions of 6,000 tokens before each prompt.

"last message" is what a router does that reads a tool's output as the question; ours never does.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from shared_router import (
    Conversations,
    RoutingPolicy,
    RoutingRequest,
    TokenPrices,
    leaning,
    rule_of,
    settings_of,
)
from tests.benchmarks.agent_script import CONVERSATIONS
from tests.benchmarks.measure import report_rows
from tests.benchmarks.record_agents import TRACES

PRICES = {
    "gpt-4o, -mini": {
        "strong": TokenPrices(2.5, 10.0, 1.25),
        "weak": TokenPrices(0.15, 0.6, 0.075),
    },
    "claude sonnet, haiku 4.5": {
        "strong": TokenPrices(3.0, 15.0, 0.3, 3.75),
        "weak": TokenPrices(1.0, 5.0, 0.1, 1.25),
    },
}
"""Dollars for a million tokens as genai-prices has them, November 2026."""

WAYS: dict[str, Any] = {
    "all weak": "weak",
    "all strong": "strong",
    "last message": "last message",
    "never": False,
    "tool_loop": "tool_loop",
    "conversation": "conversation",
    "upward": "upward",
    "priced": "priced",
}
CACHE_SECONDS, LEAST_CACHED = 300.0, 1024
INSTRUCTIONS = (0, 6000)


@dataclass
class Tally:
    """What one way has come to."""

    calls: int = 0
    strong: int = 0
    switches: int = 0
    input_tokens: int = 0
    cached_tokens: int = 0
    dollars: float = 0.0
    hard: list[bool] = field(default_factory=list)


def main() -> None:
    """Replay the traces under each way, and print a row for each prices and each length of instructions."""
    calls = [json.loads(line) for line in TRACES.read_text("utf-8").splitlines()]
    policy = RoutingPolicy(strong_fraction=0.5)
    rows = []
    for name, prices in PRICES.items():
        for instructions in INSTRUCTIONS:
            for way in WAYS:
                replay = Replay(policy, WAYS[way], prices, instructions)
                for call, message in zip(calls, _last_messages(), strict=True):
                    replay.call(call, message)
                rows.append({"prices": name, "instructions": instructions, "way": way, **replay.row()})
    report_rows("sticky_traces", rows)


class Replay:
    """The calls under one way, one after the other, with a provider that keeps prompts.

    Args:
        policy: What decides.
        sticky: The way.
        prices: What the models cost.
        instructions: Tokens before each recorded prompt.
    """

    def __init__(
        self, policy: RoutingPolicy, sticky: Any, prices: dict[str, TokenPrices], instructions: int
    ) -> None:
        self.policy, self.sticky, self.prices, self.instructions = policy, sticky, prices, instructions
        self.tally = Tally()
        self._now = 0.0
        self._conversations = Conversations(10_000, clock=lambda: self._now)
        self._read: dict[str, tuple[int, float]] = {}
        self._before: dict[str, Any] | None = None

    def call(self, call: dict[str, Any], last_message: str) -> None:
        """Decide a call, and count what it costs."""
        self._now = 10_000.0 * call["conversation"] + call["at"]
        if self._before is None or self._before["conversation"] != call["conversation"]:
            self._read, self._before = {}, None
        by_last = self.sticky == "last message"
        model = self.policy.decide(last_message).model if by_last else self._decided(call)
        self._count(call, model)
        self._before = {**call, "model": model}

    def row(self) -> dict[str, Any]:
        """Return what the calls have come to."""
        tally = self.tally
        return {
            "strong calls": tally.strong / tally.calls,
            "switches": tally.switches,
            "cached": tally.cached_tokens / tally.input_tokens,
            "cents": 100 * tally.dollars,
            "hard turns strong": sum(tally.hard) / len(tally.hard),
        }

    def _decided(self, call: dict[str, Any]) -> str:
        """Return the model of a call, by the adapters' own rules."""
        if self.sticky in ("strong", "weak"):
            return str(self.sticky)
        before, name, rule = self._before, str(call["conversation"]), rule_of(self.sticky)
        in_loop = before is not None and before["turn"] == call["turn"]
        pinned = rule == "conversation" or (in_loop and rule in ("tool_loop", "priced"))
        if before is not None and pinned:
            return str(before["model"])
        request = RoutingRequest(call["text"])
        if before is not None and rule in ("upward", "priced"):
            kept = self._conversations.last((), sticky=self.sticky, name=name)
            request = leaning(
                request,
                kept,
                settings_of(self.sticky),
                models=self.policy.models,
                prices=self.prices,
                sizes=lambda: (self._characters(call), self._characters(before)),
                now=lambda: self._now,
            )
        model = self.policy.decide(request).model
        self._conversations.keep((), model, name=name)
        return model

    def _characters(self, call: dict[str, Any]) -> int:
        return int(call["prompt_characters"]) + 4 * self.instructions

    def _count(self, call: dict[str, Any], model: str) -> None:
        tally, tokens = self.tally, call["input_tokens"] + self.instructions
        had, at = self._read.get(model, (0, 0.0))
        cached = min(had, tokens) if self._now - at <= CACHE_SECONDS and had >= LEAST_CACHED else 0
        stores = self.prices[model].cache_write_per_million_tokens is not None
        tally.dollars += self.prices[model].dollars(
            input_tokens=tokens,
            output_tokens=call["output_tokens"],
            cached_input_tokens=cached,
            cache_write_tokens=tokens - cached if stores else 0,
        )
        tally.calls += 1
        tally.strong += model == "strong"
        tally.switches += self._before is not None and self._before["model"] != model
        tally.input_tokens += tokens
        tally.cached_tokens += cached
        if call["is_hard"] and "tool" not in call:
            tally.hard.append(model == "strong")
        self._read[model] = (tokens, self._now)


def _last_messages() -> Iterator[str]:
    """Yield what stands last in each call's prompt: the user's words, or what a tool returned."""
    for turns in CONVERSATIONS:
        for turn in turns:
            yield turn.text
            yield from (result for _, result in turn.tools)


if __name__ == "__main__":
    main()
