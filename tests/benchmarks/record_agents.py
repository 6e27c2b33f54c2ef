"""Record agent traces: scripted users and tools, and the real local model's words.

Run: python -m tests.benchmarks.record_agents  (minutes; writes tests/data/agent_traces.jsonl)

Each line is one call: its conversation, the user's turn, whether it is hard, the moment in the conversation's
time, the characters and tokens of its prompt, and the answer with its tokens. A turn's tools come first, each
with a call of its own, and then the answer.
"""

from __future__ import annotations

import json
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tqdm.auto import tqdm

from shared_router.demo.local_model import local_model_folder
from shared_router.demo.server import LocalServer, serve
from tests.benchmarks.agent_script import CONVERSATIONS, SYSTEM, Turn

TRACES = Path(__file__).parents[1] / "data" / "agent_traces.jsonl"
ANSWER_TOKENS = 48
"""Longer answers of a model this small only repeat themselves."""

_TOOL_SECONDS = 2.0


def main() -> None:
    """Record all conversations, a line a call."""
    calls = sum(1 + len(turn.tools) for turns in CONVERSATIONS for turn in turns)
    with (
        serve(local_model_folder(), progress=False, timeout_seconds=600) as server,
        TRACES.open("w", encoding="utf-8") as file,
        tqdm(total=calls, file=sys.stderr) as bar,
    ):
        for number, turns in enumerate(CONVERSATIONS):
            for line in _conversation(server, number, turns):
                file.write(json.dumps(line, ensure_ascii=False) + "\n")
                file.flush()
                bar.update()


def _conversation(server: LocalServer, number: int, turns: tuple[Turn, ...]) -> Iterator[dict[str, Any]]:
    messages = [{"role": "system", "content": SYSTEM}]
    at = 0.0
    for index, turn in enumerate(turns):
        at += turn.pause_s
        messages.append({"role": "user", "content": turn.text})
        about = {"conversation": number, "turn": index, "text": turn.text, "is_hard": turn.is_hard}
        for tool, result in turn.tools:
            yield {**about, "at": at, "tool": tool, **_asked(server, messages, f"I ask {tool}.")}
            messages.append({"role": "assistant", "content": f"I ask {tool}."})
            # the server's template knows no tool's role
            messages.append({"role": "user", "content": f"{tool} returned: {result}"})
            at += _TOOL_SECONDS
        answered = _asked(server, messages, None)
        yield {**about, "at": at, **answered}
        messages.append({"role": "assistant", "content": answered["answer"]})


def _asked(server: LocalServer, messages: list[dict[str, str]], scripted: str | None) -> dict[str, Any]:
    """Ask the model; where the script says what it answers, ask for the prompt's tokens alone."""
    body = {
        "model": server.model,
        "messages": messages,
        "max_tokens": 1 if scripted else ANSWER_TOKENS,
        "temperature": 0,
    }
    request = urllib.request.Request(
        f"{server.base_url}/chat/completions",
        json.dumps(body).encode(),
        {"Content-Type": "application/json"},
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=600) as response:
        answer = json.load(response)
    usage = answer["usage"]
    text = scripted or answer["choices"][0]["message"]["content"]
    return {
        "prompt_characters": sum(len(message["content"]) for message in messages),
        "input_tokens": usage["prompt_tokens"],
        "output_tokens": 12 if scripted else usage["completion_tokens"],
        "answer": text,
    }


if __name__ == "__main__":
    main()
