"""Helicone: requests of its export tool (JSONL or CSV) or of its query API.

A conversation is the property `Helicone-Session-Id`. Cached tokens that Helicone counts apart from prompt
tokens are added to them.
"""

from __future__ import annotations

from shared_router.records.chat_text import answer_in, has_image, question_in
from shared_router.records.files import Head, Row
from shared_router.records.measures import Measure
from shared_router.records.record import Reader, Record, first, mapping, number, parsed, seconds, text


def refuses(head: Head) -> str | None:
    """Return why these are not Helicone's requests, or None."""
    return head.lacks("request_id", "request_body", "response_body", "response_status")


def records(row: Row, _head: Head) -> list[Record] | str:
    """Return a request's prompt and answer."""
    status = number(row.get("response_status"))
    if status is None or not 200 <= status < 300:
        return "a request that failed"
    if row.get("cache_hit") in (True, "true", "True") or number(row.get("cache_reference_id")):
        return "an answer from a cache"
    body = parsed(row.get("request_body"))
    prompt, model = question_in(body), text(first(row, "response_model", "request_model", "model"))
    if has_image(body):
        return "a message with an image or a file"
    if prompt is None:
        return "no text of a user"
    if model is None:
        return "no name of a model"
    properties = mapping(row.get("request_properties"))
    grades = {name: number(value) for name, value in mapping(row.get("scores")).items()}
    return [
        Record(
            prompt=prompt,
            model=model,
            values=_values(row),
            scores={name: grade for name, grade in grades.items() if grade is not None},
            answer=answer_in(row.get("response_body")),
            conversation=text(properties.get("Helicone-Session-Id")),
            time=seconds(row.get("request_created_at")),
        )
    ]


def _values(row: Row) -> dict[Measure, float | None]:
    sent, read = number(row.get("prompt_tokens")), number(row.get("prompt_cache_read_tokens"))
    written = number(row.get("prompt_cache_write_tokens"))
    apart = (read or 0) + (written or 0)
    if sent is not None and apart > sent:  # counts of a provider that does not include them
        sent += apart
    return {
        "input_tokens": sent,
        "output_tokens": number(row.get("completion_tokens")),
        "cached_input_tokens": read,
        "cache_write_tokens": written,
        "dollars": number(first(row, "costUSD", "cost_usd", "cost")),
        "latency_ms": number(row.get("delay_ms")),
        "time_to_first_token_ms": number(row.get("time_to_first_token")),
    }


READER = Reader("helicone", refuses, records)
