"""openai_embedder.py: OpenAI's own client and a local server that answers as the service does."""

import base64
import copy
import json
import pickle
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
import openai
import pytest

from shared_router import (
    EmbedderError,
    InvalidInputError,
    MissingExtraError,
    OpenAIEmbedder,
    TruncatedTextWarning,
)
from shared_router.embedding.openai import MAX_TOKENS
from shared_router.testing import HOSTILE_QUERIES

KEY = "sk-canary-0123456789"


Reply = tuple[int, bytes]


def reply(status: int, value: object) -> Reply:
    return status, json.dumps(value).encode()


class Service:
    """Answer like /v1/embeddings: a text's row is its length, its first byte, and 1; rows in reverse."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []

    def __call__(self, request: bytes) -> Reply:
        body = json.loads(request)
        self.requests.append(body)
        if any(text == "" for text in body["input"]):
            return reply(400, {"error": {"message": "'$.input' is invalid"}})
        data = [self._row(i, text, body) for i, text in enumerate(body["input"])]
        return reply(200, {"object": "list", "data": data[::-1], "model": body["model"]})

    def _row(self, index: int, text: str, body: dict[str, Any]) -> dict[str, Any]:
        row = np.array([len(text), text.encode()[0], 1], "<f4")[: body.get("dimensions", 3)]
        encoded = base64.b64encode(row.tobytes()).decode()
        return {
            "object": "embedding",
            "index": index,
            "embedding": encoded if body.get("encoding_format") == "base64" else row.tolist(),
        }


def serve(answer: Callable[[bytes], Reply]) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # noqa: N802
            status, content = answer(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *arguments: object) -> None:
            """Stay silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,)).start()
    return server


def stop(server: ThreadingHTTPServer) -> None:
    server.shutdown()
    server.server_close()


@pytest.fixture
def connect() -> Iterator[Callable[..., OpenAIEmbedder]]:
    started: list[tuple[ThreadingHTTPServer, openai.OpenAI]] = []

    def make(answer: Callable[[bytes], Reply] | None, **options: Any) -> OpenAIEmbedder:
        server = serve(answer or Service())
        url = f"http://127.0.0.1:{server.server_port}/v1"
        client = openai.OpenAI(api_key=KEY, base_url=url, max_retries=0)
        started.append((server, client))
        if answer is None:
            stop(server)
        return OpenAIEmbedder(client, **options)

    yield make
    for server, client in started:
        client.close()
        stop(server)


def test_each_text_gets_its_row_in_order(connect: Any) -> None:
    rows = connect(Service()).embed(["a", "bbb", "cc"])
    np.testing.assert_array_equal(
        rows, np.array([[1, 97, 1], [3, 98, 1], [2, 99, 1]], np.float32), strict=True
    )


def test_texts_go_in_batches(connect: Any) -> None:
    service = Service()
    connect(service, batch_size=2).embed(["a", "b", "c", "d", "e"])
    assert [request["input"] for request in service.requests] == [["a", "b"], ["c", "d"], ["e"]]


def test_no_request_holds_more_tokens_than_the_service_takes(connect: Any) -> None:
    """8,000 bytes a text and 300,000 tokens a request: at most 37 texts, so 100 take three requests."""
    service = Service()
    connect(service).embed([f"{i:03}" + "x" * 7997 for i in range(100)])
    assert [len(request["input"]) for request in service.requests] == [37, 37, 26]


def test_the_model_and_the_width_are_asked_for(connect: Any) -> None:
    service = Service()
    rows = connect(service, model="text-embedding-3-large", dimensions=2).embed(["a"])
    assert rows.shape == (1, 2)
    assert (service.requests[0]["model"], service.requests[0]["dimensions"]) == ("text-embedding-3-large", 2)


def test_no_text_asks_nothing(connect: Any) -> None:
    service = Service()
    assert connect(service, dimensions=2).embed([]).shape == (0, 2)
    assert service.requests == []


def test_blank_texts_are_sent_as_a_space_because_the_service_refuses_empty_ones(connect: Any) -> None:
    service = Service()
    connect(service).embed(["", " \n", "\x00"])
    assert service.requests[0]["input"] == [" ", " ", " "]


def test_texts_that_break_tokenizers_are_embedded(connect: Any) -> None:
    assert connect(Service()).embed(HOSTILE_QUERIES).shape == (len(HOSTILE_QUERIES), 3)


def test_a_text_too_long_for_the_model_keeps_its_start_and_warns(connect: Any) -> None:
    """Each of these characters is three bytes, and 8,191 bytes hold 2,730 whole ones."""
    service = Service()
    with pytest.warns(TruncatedTextWarning, match="1 of 2 texts were cut to as many bytes") as caught:
        connect(service).embed(["\u4e00" * 5000, "short"])
    assert service.requests[0]["input"] == ["\u4e00" * 2730, "short"]
    assert "\u4e00" not in str(caught[0].message)


class Characters:
    """An encoding whose tokens are characters."""

    def encode_ordinary(self, text: str) -> list[int]:
        return [ord(character) for character in text]

    def decode(self, tokens: Any) -> str:
        return "".join(map(chr, tokens))


def test_with_an_encoding_the_cut_is_at_the_token(connect: Any) -> None:
    service = Service()
    with pytest.warns(TruncatedTextWarning, match="cut to as many tokens"):
        connect(service, encoding=Characters()).embed(["\u4e00" * 8192, "\u4e00" * 8000])
    assert [len(text) for text in service.requests[0]["input"]] == [MAX_TOKENS, 8000]


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (401, openai.AuthenticationError),
        (429, openai.RateLimitError),
        (500, openai.InternalServerError),
        (400, openai.BadRequestError),
    ],
)
def test_an_error_of_the_service_is_typed_and_keeps_its_cause(connect: Any, status: int, error: Any) -> None:
    def fail(request: bytes) -> Reply:
        return reply(status, {"error": {"message": f"secret prompt, {KEY}"}})

    with pytest.raises(EmbedderError, match=rf"must answer, got {error.__name__} \({status}\)") as caught:
        connect(fail).embed(["secret prompt"])
    assert isinstance(caught.value.__cause__, error)
    assert "secret" not in str(caught.value)
    assert KEY not in str(caught.value)


def test_a_connection_that_fails_is_typed_and_keeps_its_cause(connect: Any) -> None:
    with pytest.raises(EmbedderError, match="got APIConnectionError$") as caught:
        connect(None).embed(["a"])
    assert isinstance(caught.value.__cause__, openai.APIConnectionError)


BROKEN: dict[str, Any] = {
    "too few": {"data": [{"index": 0, "embedding": [1.0]}]},
    "nothing": {"data": []},
    "not a number": {"data": [{"index": i, "embedding": ["x"]} for i in range(2)]},
    "ragged": {"data": [{"index": i, "embedding": [1.0] * (i + 1)} for i in range(2)]},
    "infinite": {"data": [{"index": i, "embedding": [1e39]} for i in range(2)]},
    "a list": [],
    "null": None,
    "no index": {"data": [{"embedding": [1.0]}, {"embedding": [1.0]}]},
}


@pytest.mark.parametrize("name", BROKEN)
@pytest.mark.filterwarnings("ignore:overflow encountered:RuntimeWarning")
def test_an_answer_that_is_not_a_row_for_each_text_is_refused(connect: Any, name: str) -> None:
    with pytest.raises(EmbedderError):
        connect(lambda request: reply(200, BROKEN[name])).embed(["a", "b"])


def test_an_answer_that_is_no_json_is_refused(connect: Any) -> None:
    with pytest.raises(EmbedderError):
        connect(lambda request: (200, b"<html>")).embed(["a"])


def test_rows_of_another_width_in_another_batch_are_refused(connect: Any) -> None:
    def answer(request: bytes) -> Reply:
        text = json.loads(request)["input"][0]
        return reply(200, {"data": [{"index": 0, "embedding": [1.0] * len(text)}]})

    with pytest.raises(EmbedderError, match="one width"):
        connect(answer, batch_size=1).embed(["a", "bb"])


def test_neither_repr_nor_pickle_nor_copy_holds_the_key(connect: Any) -> None:
    embedder = connect(Service())
    for held in (repr(embedder), str(embedder), repr(embedder.__getstate__()), embedder.identity):
        assert KEY not in held
    assert KEY.encode() not in pickle.dumps(embedder)
    assert copy.copy(embedder).client is None


def test_an_unpickled_embedder_wants_its_client_again(connect: Any) -> None:
    embedder = connect(Service())
    again = pickle.loads(pickle.dumps(embedder))
    with pytest.raises(InvalidInputError, match=r"set embedder\.client"):
        again.embed(["a"])
    again.client = embedder.client
    np.testing.assert_array_equal(again.embed(["a"]), embedder.embed(["a"]))


@pytest.mark.parametrize("batch_size", [0, 2049])
def test_a_batch_size_that_the_service_refuses_is_refused(connect: Any, batch_size: int) -> None:
    with pytest.raises(InvalidInputError, match=r"batch_size must be in \[1, 2048\]"):
        connect(Service(), batch_size=batch_size)


def test_another_model_or_width_is_another_identity(connect: Any) -> None:
    made = [connect(Service()), connect(Service(), model="x"), connect(Service(), dimensions=2)]
    assert len({embedder.identity for embedder in made}) == 3


def test_without_openai_the_extra_is_named(connect: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    embedder = connect(Service())
    monkeypatch.setitem(sys.modules, "openai", None)
    with pytest.raises(MissingExtraError, match=r"routellm-adapters\[openai\]"):
        embedder.embed(["a"])
