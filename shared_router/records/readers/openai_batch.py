"""OpenAI Batch: a file of requests and a file of responses, joined by `custom_id`.

Give both files. The same ids in a second pair of files, asked of another model, are the same prompts; where
the prompts differ, the second is left out and counted.
"""

from __future__ import annotations

from shared_router.records.chat_text import answer_in, has_image, question_in
from shared_router.records.files import Head, Row
from shared_router.records.readers.usage import usage_values
from shared_router.records.record import Reader, Record, mapping, number, seconds, text


def refuses(head: Head) -> str | None:
    """Return why these are neither requests nor responses of a batch, or None."""
    if missing := head.lacks("custom_id"):
        return missing
    return None if {"body", "response"} & head.columns else "no 'body' or 'response'"


def records(row: Row, _head: Head) -> list[Record] | str:
    """Return a request's prompt or a response's answer."""
    key = text(row.get("custom_id"))
    if key is None:
        return "no custom_id"
    if "body" in row:
        if str(row.get("url", "")).endswith(("/embeddings", "/moderations")):
            return "a call that asks no chat or completion model"
        body = mapping(row["body"])
        if has_image(body):
            return "a message with an image or a file"
        prompt = question_in(body)
        return "no text of a user" if prompt is None else [Record(prompt=prompt, key=key, one_prompt=True)]
    response = mapping(row.get("response"))
    if row.get("error") or number(response.get("status_code")) != 200:
        return "a request that failed"
    body = mapping(response.get("body"))
    model = text(body.get("model"))
    if model is None:
        return "no name of a model"
    answer = answer_in(body)
    if answer is None:
        return "no text of an answer"
    values = usage_values(mapping(body.get("usage")))
    return [Record(model=model, key=key, values=values, answer=answer, time=seconds(body.get("created")))]


READER = Reader("openai_batch", refuses, records)
