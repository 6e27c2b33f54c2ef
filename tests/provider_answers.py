"""What an OpenAI-compatible provider answers, as data: whole, and in the parts of a stream.

A request is known by the last `q` and a number in what it holds, such as "q17"; its answer repeats it, so
that lost, doubled and exchanged answers can be counted.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

_ID = re.compile(r"\bq\d+\b")
_WORDS = "one two three four five"
FINGERPRINT = "fp_fault_server"

Payload = dict[str, Any]


def request_id(payload: Payload) -> str:
    """Return what a request is known by; "" where it holds nothing of the kind."""
    messages = payload.get("messages") or [{"content": payload.get("prompt", "")}]
    found = _ID.findall(json.dumps([message.get("content") for message in messages]))
    return found[-1] if found else ""


def answer_text(request: str, model: str) -> str:
    """Return what a model answers to a request."""
    return f"{request} by {model}: {_WORDS}"


def whole_answer(payload: Payload) -> Payload:
    """Return the body of an answer that does not stream."""
    text, calls = _said(payload)
    finish = "tool_calls" if calls else "stop"
    if "messages" not in payload:
        choice: Payload = {"index": 0, "text": text, "finish_reason": finish}
    else:
        message = {"role": "assistant", "content": text, **({"tool_calls": calls} if calls else {})}
        choice = {"index": 0, "message": message, "finish_reason": finish}
    return _named(payload, "", choices=[choice], usage=usage_of(payload))


def answer_parts(payload: Payload) -> Iterator[Payload]:
    """Yield the parts of an answer that streams: an empty one, one a word, its end, its tokens."""
    text, calls = _said(payload)
    if "messages" not in payload:
        deltas: list[Payload] = [{"text": word} for word in _words(text or "")]
        last: Payload = {"text": ""}
    else:
        deltas = [{"delta": {"role": "assistant", "content": ""}}]
        deltas += [{"delta": {"content": word}} for word in _words(text or "")]
        for call in calls:
            function = call["function"]
            begun = {**call, "index": 0, "function": {**function, "arguments": ""}}
            deltas.append({"delta": {"tool_calls": [begun]}})
            half = len(function["arguments"]) // 2
            for piece in (function["arguments"][:half], function["arguments"][half:]):
                deltas.append({"delta": {"tool_calls": [{"index": 0, "function": {"arguments": piece}}]}})
        last = {"delta": {}}
    for delta in deltas:
        yield _named(payload, ".chunk", choices=[{"index": 0, **delta, "finish_reason": None}])
    finish = "tool_calls" if calls else "stop"
    yield _named(payload, ".chunk", choices=[{"index": 0, **last, "finish_reason": finish}])
    if (payload.get("stream_options") or {}).get("include_usage"):
        yield _named(payload, ".chunk", choices=[], usage=usage_of(payload))


def kept_back(answer: Payload) -> Payload:
    """Return an answer, or the last part of one, whose provider says that it kept the text back."""
    choice = answer["choices"][0]
    if "message" in choice:
        choice["message"]["content"] = None
    choice["finish_reason"] = "content_filter"
    return answer


NO_JSON = {"empty_body": (b"", {}), "html": (b"<html>Bad gateway</html>", {"Content-Type": "text/html"})}
"""What a proxy sends with the status 200, and its headers."""


def without_answer(body: Payload, kind: str) -> Payload:
    """Return a body, or a part of a stream, that holds no answer where its kind of fault says so."""
    choices = body.get("choices") or []
    if kind == "no_choices":
        return {**body, "choices": []}
    if kind == "null_choices":
        return {**body, "choices": None}
    for choice in choices:
        name = "delta" if "delta" in choice else "message" if "message" in choice else "text"
        if kind == "no_message":
            choice.pop(name)
        elif kind == "null_message":
            choice[name] = None
        elif kind == "empty_message":
            choice[name] = "" if name == "text" else {"role": "assistant", "content": None}
    return body


def usage_of(payload: Payload) -> dict[str, int]:
    """Return the tokens of an answer: a word of the request and of the answer is one each."""
    read = len(json.dumps(payload.get("messages") or payload.get("prompt")).split())
    written = len(answer_text(request_id(payload), payload["model"]).split())
    return {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}


def error_body(kind: str) -> Payload:
    """Return the body of an error."""
    code = {"503": "overloaded", "429": "rate_limit_exceeded", "content_filter": "content_filter"}.get(kind)
    return {"error": {"message": f"scripted {kind}", "type": "server_error", "param": None, "code": code}}


def _said(payload: Payload) -> tuple[str | None, list[Payload]]:
    """Return an answer's text and its tool calls: the first tool is called until a tool has answered."""
    request, messages = request_id(payload), payload.get("messages") or [{}]
    text = answer_text(request, payload["model"])
    tools, choice = payload.get("tools"), payload.get("tool_choice")
    if tools and choice != "none" and messages[-1].get("role") != "tool":
        function = tools[0]["function"]
        arguments = json.dumps(_filled(function.get("parameters") or {}, text))
        call = {"name": function["name"], "arguments": arguments}
        return None, [{"id": f"call_{request}", "type": "function", "function": call}]
    schema = (payload.get("response_format") or {}).get("json_schema")
    return (json.dumps(_filled(schema["schema"], text)) if schema else text), []


def _filled(schema: Payload, text: str) -> Any:
    """Return a value that fits a plain schema, with the answer in its texts."""
    kind = schema.get("type", "string")
    if kind == "object":
        return {name: _filled(each, text) for name, each in schema.get("properties", {}).items()}
    values = {"integer": 1, "number": 1.0, "boolean": True, "array": [], "string": text}
    return values.get(kind, text)


def _words(text: str) -> list[str]:
    return re.findall(r"\S+\s*", text)


def _named(payload: Payload, suffix: str, **rest: Any) -> Payload:
    kind = ("chat.completion" if "messages" in payload else "text_completion") + suffix
    if "messages" not in payload:
        kind = "text_completion"
    name = f"chatcmpl-{request_id(payload)}"
    known = {"id": name, "object": kind, "created": 1, "model": payload["model"]}
    return {**known, "system_fingerprint": FINGERPRINT, **rest}
