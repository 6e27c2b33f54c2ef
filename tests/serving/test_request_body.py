"""A body is read as JSON reads it, and sent on with its model's name exchanged and nothing else."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared_router.errors import InvalidInputError
from shared_router.serving.request_body import read_body

VALUES = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(
    values=st.dictionaries(st.text(), VALUES, max_size=5),
    model=VALUES,
    indent=st.sampled_from([None, 0, 3]),
    escaped=st.booleans(),
)
def test_any_object_is_sent_on_with_another_model_and_nothing_else_changed(
    values: dict[str, Any], model: Any, indent: int | None, escaped: bool
) -> None:
    sent = {**values, "model": model}
    text = json.dumps(sent, indent=indent, ensure_ascii=escaped)
    body = read_body(text.encode("utf-8", "surrogatepass")) if _is_text(text) else None
    if body is None:
        return
    assert body.values == sent
    assert body.for_model("m").decode() == json.dumps(
        {**sent, "model": "m"}, indent=indent, ensure_ascii=escaped
    )


def test_a_model_that_is_named_twice_is_exchanged_twice() -> None:
    body = read_body(b'{"model": "a", "x": {"model": "c"}, "model": "b"}')
    assert body.values["model"] == "b"
    assert body.for_model("m") == b'{"model": "m", "x": {"model": "c"}, "model": "m"}'


def test_a_key_that_is_written_in_escapes_is_that_key() -> None:
    assert read_body(b'{"mod\\u0065l": "a"}').for_model("m") == b'{"mod\\u0065l": "m"}'


def test_a_calls_size_counts_images_and_not_their_bytes() -> None:
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 9999}}
    message = {"role": "user", "content": [{"type": "text", "text": "What is it?"}, image]}
    size = read_body(json.dumps({"model": "auto", "messages": [message], "n": 2}).encode()).size()
    assert (size.images, size.answers, size.max_output_tokens) == (1, 2, None)
    assert not any("AAAA" in text for text in size.texts)


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
def test_a_calls_size_has_the_requests_own_limit(name: str) -> None:
    size = read_body(json.dumps({"model": "auto", name: 7, "tools": [{}]}).encode()).size()
    assert (size.max_output_tokens, size.has_tools) == (7, True)


@pytest.mark.parametrize("messages", [None, 3, "hi", [3], [{"role": "x", "content": 3}], [{"content": "hi"}]])
def test_messages_of_another_shape_are_the_upstreams_to_refuse(messages: Any) -> None:
    body = read_body(json.dumps({"model": "auto", "messages": messages}).encode())
    assert body.messages == []
    assert body.size().input_tokens() > 0


def test_an_error_holds_nothing_of_the_body() -> None:
    with pytest.raises(InvalidInputError) as caught:
        read_body(b'{"model": "auto", "secret": oops}')
    assert "oops" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
