"""What a server sends in an answer's place."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from shared_router import DataError, TokenPrices
from shared_router.records.collecting.completion import reply_of
from shared_router.records.collecting.journal import Reply

PRICES = TokenPrices(1.0, 2.0, cached_input_per_million_tokens=0.5)


def completion(content: object = "Paris", **others: Any) -> bytes:
    return json.dumps({"choices": [{"message": {"content": content}}], **others}).encode()


def test_an_answer_has_its_text_its_tokens_and_its_dollars() -> None:
    """Of 10 tokens 4 are cached: (6 x 1 + 4 x 0.5 + 5 x 2) / 1e6 = 18e-6."""
    usage = {
        "prompt_tokens": 10,
        "completion_tokens": 5,
        "prompt_tokens_details": {"cached_tokens": 4},
        "completion_tokens_details": {"reasoning_tokens": 3},
    }
    reply = reply_of(completion(usage=usage), prices=PRICES)
    assert replace(reply, dollars=None) == Reply("Paris", 10, 5, 4, 3)
    assert reply.dollars == pytest.approx(18e-6)
    assert reply_of(completion(usage=usage)).dollars is None


def test_a_server_that_counts_no_tokens_or_says_nothing_is_taken_at_its_word() -> None:
    assert reply_of(completion(), prices=PRICES) == Reply("Paris")
    assert reply_of(completion(None)).text == ""


@pytest.mark.parametrize(
    "usage",
    [
        "many",
        [1],
        {"prompt_tokens": "10", "completion_tokens": 5},
        {"prompt_tokens": None, "completion_tokens": 5},
        {"prompt_tokens": -1, "completion_tokens": 5},
        {"prompt_tokens": 1e308, "completion_tokens": 5},
        {"prompt_tokens": True, "completion_tokens": 5},
        {"prompt_tokens": 2**60, "completion_tokens": 5},
        {"prompt_tokens": 1, "completion_tokens": 5, "prompt_tokens_details": {"cached_tokens": 2}},
        {"completion_tokens": 5},
    ],
)
def test_counts_that_are_none_lose_no_answer_and_cost_nothing_that_is_known(usage: object) -> None:
    assert reply_of(completion(usage=usage), prices=PRICES) == Reply("Paris")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>Log in</html>",
        b'data: {"choices": []}\n\n',
        b"null",
        b"[1]",
        b"5",
        b'"secret"',
        b"{}",
        b'{"choices": null}',
        b'{"choices": []}',
        b'{"choices": {"0": 1}}',
        b'{"choices": [null]}',
        b'{"choices": [{"message": null}]}',
        b'{"choices": [{"message": {}}]}',
        completion(5),
        completion([{"type": "text", "text": "secret"}]),
        b"[" * 200_000,
        b'{"choices": [{"message": {"content": "secret',
        b"\xff\xfe\x00",
    ],
)
def test_what_is_no_answer_is_refused_and_not_quoted(body: bytes) -> None:
    with pytest.raises(DataError, match="a chat completion must be JSON") as refused:
        reply_of(body)
    assert "secret" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_a_lone_surrogate_which_json_can_spell_is_replaced() -> None:
    assert reply_of(b'{"choices": [{"message": {"content": "a\\ud800b"}}]}').text == "a?b"
