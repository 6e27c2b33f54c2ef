"""Who may ask, by which key and for how much, and that no page in a browser asks for them."""

import json
import threading
from collections.abc import Iterator

import httpx
import pytest

from shared_router import TokenPrices
from shared_router.resilience.budgets.budget import Budget
from shared_router.serving.virtual_keys import VirtualKey, hash_of
from tests.fault_server import FaultServer
from tests.serving.running import HARD, WireUpstream, asked, running, served, whole

ANSWER = b'{"id":"x","choices":[]}'
PRICES = {"strong": TokenPrices(10, 10), "weak": TokenPrices(1, 1)}
CHAT = json.dumps({"model": "auto", "messages": asked(HARD)}).encode()


@pytest.mark.parametrize(
    "query",
    [
        "key=x",
        "api_key=x",
        "API-Key=x",
        "apiKey=x",
        "access_token=x",
        "Authorization=Bearer%20x",
        "x=rk-mine",
        "anything=sk-abc",
        "a=1&token=",
    ],
)
def test_a_key_in_a_url_is_refused_wherever_it_stands(provider: FaultServer, query: str) -> None:
    with running(served(provider.url, keys={hash_of("rk-mine"): VirtualKey("a")})) as url:
        for path in ("/chat/completions", "/models", "/embeddings", "/messages"):
            send = httpx.get if path == "/models" else httpx.post
            answer = send(f"{url}{path}?{query}", headers={"authorization": "Bearer rk-mine"})
            assert answer.status_code == 400
            assert "never in a URL" in answer.text
    assert provider.asked == []


@pytest.fixture
def provider() -> Iterator[FaultServer]:
    with FaultServer() as server:
        yield server


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"authorization": "Bearer rk-mine"}, 200),
        ({"authorization": "bearer   rk-mine"}, 200),
        ({"x-api-key": "rk-mine"}, 200),
        ({"api-key": "rk-mine"}, 200),
        ({}, 401),
        ({"authorization": "rk-mine"}, 401),
        ({"authorization": "Basic rk-mine"}, 401),
        ({"authorization": "Bearer rk-other", "x-api-key": "rk-mine"}, 401),
        ({"authorization": f"Bearer {hash_of('rk-mine')}"}, 401),
        ({"cookie": "authorization=rk-mine"}, 401),
    ],
)
def test_a_key_is_taken_from_the_headers_that_clients_send_it_in(
    provider: FaultServer, headers: dict[str, str], status: int
) -> None:
    with running(served(provider.url, keys={hash_of("rk-mine"): VirtualKey("a")})) as url:
        assert httpx.post(f"{url}/chat/completions", content=CHAT, headers=headers).status_code == status
        assert httpx.get(url.replace("/v1", "/metrics"), headers=headers).status_code == status


def test_a_file_without_keys_lets_nobody_in(provider: FaultServer) -> None:
    with running(served(provider.url, keys={})) as url:
        assert httpx.post(f"{url}/chat/completions", content=CHAT).status_code == 401


def test_an_old_key_and_its_new_one_share_a_budget(provider: FaultServer) -> None:
    alike = VirtualKey("a", budget={"dollars": 0.0013, "max_output_tokens": 100})
    keys = {hash_of("rk-old"): alike, hash_of("rk-new"): alike}
    with running(served(provider.url, keys=keys, prices=PRICES)) as url:

        def spend(key: str) -> int:
            body = {"model": "strong", "max_tokens": 100, "messages": asked(HARD)}
            headers = {"authorization": f"Bearer {key}"}
            return httpx.post(f"{url}/chat/completions", json=body, headers=headers).status_code

        spent = 0
        while spend("rk-old") == 200:
            spent += 1
        assert spent >= 1
        assert spend("rk-new") == 429


def test_whoever_has_a_budget_cannot_spend_beside_it(provider: FaultServer) -> None:
    budget = {"dollars": 1, "max_output_tokens": 100}
    with running(
        served(provider.url, keys={hash_of("k"): VirtualKey("a", budget=budget)}, prices=PRICES)
    ) as url:
        answer = httpx.post(
            f"{url}/embeddings", json={"model": "e", "input": "x"}, headers={"authorization": "Bearer k"}
        )
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "not_counted")
    assert provider.asked == []


def test_a_budget_is_kept_by_many_at_once() -> None:
    """Each call may cost 1,000 to 1,200 bytes and 10 tokens x 10 / 1e6, .0101 to .0121 dollars, by either
    model, and counts with all of it, for the answers tell no tokens: of 40 exactly four fit into .05.
    """
    prices = {"strong": TokenPrices(10, 10), "weak": TokenPrices(10, 10)}
    budget = Budget(0.05, max_output_tokens=10)
    upstream = WireUpstream(whole(ANSWER))
    answers = []
    with (
        upstream.listening() as wire,
        running(served(wire, budget=budget, prices=prices)) as url,
        httpx.Client() as client,
    ):

        def ask() -> None:
            body = {"model": "strong", "messages": [{"role": "user", "content": "x" * 1000}]}
            answers.append(client.post(f"{url}/chat/completions", json=body, timeout=30).status_code)

        asking = [threading.Thread(target=ask) for _ in range(40)]
        for thread in asking:
            thread.start()
        for thread in asking:
            thread.join()
    assert sorted(answers) == [200] * 4 + [429] * 36
    assert 0.0404 <= budget.used() <= 0.0484


def test_a_page_in_a_browser_may_not_ask_unless_it_is_allowed(provider: FaultServer) -> None:
    page = {"origin": "https://chat.example.com", "content-type": "text/plain"}
    with running(served(provider.url)) as url:
        answer = httpx.post(f"{url}/chat/completions", content=CHAT, headers=page)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "origin_not_allowed")
    assert provider.asked == []
    with running(served(provider.url, origins=["https://chat.example.com"])) as url:
        answer = httpx.post(f"{url}/chat/completions", content=CHAT, headers=page)
        assert answer.status_code == 200
        assert answer.headers["access-control-allow-origin"] == "https://chat.example.com"
        other = httpx.post(
            f"{url}/chat/completions", content=CHAT, headers={"origin": "https://evil.example"}
        )
        assert other.status_code == 403
        assert "access-control-allow-origin" not in other.headers
        before = {"access-control-request-method": "POST", "access-control-request-headers": "authorization"}
        allowed = httpx.options(f"{url}/chat/completions", headers={**page, **before})
        assert allowed.status_code == 200
        assert "authorization" in allowed.headers["access-control-allow-headers"]
