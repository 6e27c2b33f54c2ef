"""`routellm serve`: from the command line to an answer."""

import json
import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

import shared_router
from shared_router import RoutingPolicy
from shared_router.commands.main import main
from shared_router.resilience.budgets.budget import Budget
from tests.fault_server import FaultServer
from tests.faults import Fault

UPSTREAMS = ["--strong-model", "strong", "--weak-model", "weak"]
HERE = ["--strong", "http://127.0.0.1:1/v1", "--weak", "http://127.0.0.1:1/v1", *UPSTREAMS]
PRICES = ["--prices", "strong=10,10", "--prices", "weak=1,1"]
BODY = {"model": "auto", "messages": [{"role": "user", "content": "hi"}]}


@contextmanager
def serving(
    url: str, *arguments: str, **environment: str
) -> Iterator[tuple["subprocess.Popen[str]", str, list[str]]]:
    """Run it in a block; gives the process, the base URL and what was told up to it."""
    command = [sys.executable, "-m", "shared_router", "serve", *arguments, "--port", "0"]
    command += ["--strong", url, "--weak", url, *UPSTREAMS]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env={**os.environ, **environment})
    assert process.stderr is not None
    try:
        told: list[str] = []
        address = None
        while address is None:
            told.append(process.stderr.readline())
            assert told[-1], "the server must start"
            address = re.fullmatch(r"routellm: (http://\S+/v1)\n", told[-1])
        yield process, address[1], told
    finally:
        process.kill()
        process.communicate()


def test_it_serves_a_policy_file_until_it_is_interrupted(tmp_path: Path) -> None:
    RoutingPolicy(threshold=0.3).save(tmp_path / "policy.json")
    keys = {f"ROUTELLM_{tier}_API_KEY": "sk-secret\n" for tier in ("STRONG", "WEAK")}
    arguments = [str(tmp_path / "policy.json"), *PRICES, "--log", str(tmp_path / "log.jsonl")]
    with FaultServer() as provider, serving(provider.url, *arguments, **keys) as (process, url, told):
        answer = httpx.post(f"{url}/chat/completions", json=BODY, timeout=30)
        metrics = httpx.get(url.replace("/v1", "/metrics")).text
        process.send_signal(signal.SIGINT)
        _, rest = process.communicate(timeout=30)
    assert answer.headers["x-routellm-model"] == "weak"
    assert "whoever asks from this machine spends your money" in told[0]
    assert "routellm_decisions_total{" in metrics
    assert "sk-secret" not in "".join(told) + rest + metrics
    assert (tmp_path / "log.jsonl").read_text().count('"id"') == 1


def test_it_ends_by_finishing_what_is_on_its_way_and_puts_its_budget_back(tmp_path: Path) -> None:
    store = str(tmp_path / "budget.db")
    budget = [*PRICES, "--budget", "1", "--budget-store", store, "--max-output-tokens", "100"]
    found: list[httpx.Response] = []
    with FaultServer() as provider, serving(provider.url, *budget) as (process, url, _):
        provider.plan.script("weak", [Fault("slow", seconds=1)])
        asking = threading.Thread(
            target=lambda: found.append(
                httpx.post(f"{url}/chat/completions", json={**BODY, "model": "weak"}, timeout=30)
            )
        )
        asking.start()
        while not provider.asked:
            pass
        process.send_signal(signal.SIGTERM)
        _, rest = process.communicate(timeout=30)
        asking.join()
    assert (process.returncode, rest) == (0, "")
    usage = found[0].json()["usage"]
    spent = (usage["prompt_tokens"] + usage["completion_tokens"]) / 1e6
    assert Budget(1, store=store, max_output_tokens=100).used() == pytest.approx(spent, rel=1e-3)


def test_it_says_what_may_be_a_mistake(tmp_path: Path) -> None:
    with serving("http://llm.invalid", ROUTELLM_STRONG_API_KEY="k") as (_, _, told):
        said = "".join(told)
    assert "--strong: this URL has no path; the base URL of most services ends in /v1" in said
    assert "--weak: no key is set for it" in said
    assert "--strong: no key" not in said


def test_it_may_hold_as_many_connections_as_the_system_lets_it() -> None:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, 4096))

    script = "import resource\nfrom shared_router.serving.run import _allow_connections\n"
    script += "_allow_connections()\nprint(resource.getrlimit(resource.RLIMIT_NOFILE))"
    done = subprocess.run(
        [sys.executable, "-c", script], preexec_fn=limit, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "(4096, 4096)"


@pytest.mark.skipif(not socket.has_ipv6, reason="this machine has no IPv6")
def test_an_address_of_ipv6_is_told_as_a_url_writes_it() -> None:
    from shared_router.serving.run import base_url, is_local, listening_socket

    with listening_socket("::1", 0) as listening:
        assert re.fullmatch(r"http://\[::1\]:\d+/v1", base_url(listening))
        assert is_local(listening)
    with listening_socket("0.0.0.0", 0) as listening:
        assert not is_local(listening)


@pytest.mark.parametrize(
    ("arguments", "rule"),
    [
        (["--strong", "http://a/v1"], "got no --weak and no --strong-model and no --weak-model"),
        (["--strong", "ftp://a", "--weak", "http://b", *UPSTREAMS], "an http or https URL"),
        (["--strong", "http://k:s3cret@a", "--weak", "http://b", *UPSTREAMS], "must hold no key"),
        ([*HERE, "--port", "70000"], "--port must be in 0 to 65535, got 70000"),
        ([*HERE, "--port", "-1"], "--port must be in 0 to 65535, got -1"),
        ([*HERE, "--host", "nobody.invalid"], "--host must be an address of this machine"),
        ([*HERE, "--max-body-mb", "nan"], "--max-body-mb must be above 0"),
        ([*HERE, "--max-body-mb", "0"], "--max-body-mb must be above 0"),
        ([*HERE, "--timeout", "-3"], "timeout must be"),
        ([*HERE, "--deadline", "nan"], "deadline must be"),
        ([*HERE, "--prices", "gpt-5=1,1"], "--prices must be of strong or weak, got 'gpt-5'"),
        ([*HERE, "--budget", "5"], "a budget needs --prices of both models, got none of ['strong', 'weak']"),
        ([*HERE, "--budget", "5", *PRICES], "a budget needs --max-output-tokens"),
        ([*HERE, "--per", "day"], "--per is about a budget"),
        ([*HERE, "--budget-store", "x.db"], "--budget-store is about a budget"),
        ([*HERE, "--max-output-tokens", "5"], "--max-output-tokens is about a budget"),
        ([*HERE, "--allow-origin", "chat.example.com"], "--allow-origin must be * or a page's origin"),
        ([*HERE, "--keys", "nosuch.json"], "a file must be there"),
        ([*HERE, "nosuch.json"], "a file must be there"),
        (["--new-key", "team"], "--new-key needs --keys"),
    ],
)
def test_what_cannot_be_served_is_refused_before_it_listens(
    capsys: pytest.CaptureFixture[str], arguments: Sequence[str], rule: str
) -> None:
    assert main(["serve", *arguments]) == 2
    told = capsys.readouterr().err
    assert rule in told
    assert "s3cret" not in told


def test_a_router_that_is_damaged_is_refused_before_it_listens(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shipped = Path(shared_router.__file__).parent / "pretrained" / "static-v2"
    folder = shutil.copytree(shipped, tmp_path / "router")
    weights = next(folder.glob("*.safetensors"))
    weights.write_bytes(weights.read_bytes()[:-9])
    assert main(["serve", *HERE, "--router", str(folder)]) == 2
    assert "routellm: error:" in capsys.readouterr().err


def test_a_warning_is_told_in_a_line_and_once() -> None:
    with FaultServer() as provider, serving(provider.url) as (process, url, _):
        for threshold in ("0.99", "0.98", "1e-05"):
            body = {**BODY, "model": f"router-static-v2-{threshold}"}
            assert httpx.post(f"{url}/chat/completions", json=body, timeout=30).status_code == 200
        process.send_signal(signal.SIGTERM)
        _, rest = process.communicate(timeout=30)
    assert rest.startswith("routellm: threshold 0.99 is outside")
    assert rest.count("\n") == 1


def test_metrics_hold_no_more_lines_whatever_clients_ask() -> None:
    with FaultServer() as provider, serving(provider.url) as (_, url, _):

        def ask(number: int) -> None:
            body = {**BODY, "model": f"router-static-v2-0.{number}"}
            headers = {"x-routellm-conversation": f"SECRET {number}", "x-mine": "SECRET"}
            httpx.post(f"{url}/chat/completions?a=SECRET{number}", json=body, headers=headers, timeout=30)
            httpx.post(f"{url}/chat/completions", json={**BODY, "model": f"SECRET{number}"})
            httpx.get(f"{url}/SECRET{number}")

        def lines() -> list[str]:
            return httpx.get(url.replace("/v1", "/metrics")).text.splitlines()

        ask(1)
        before = lines()
        for number in range(11, 31):
            ask(number)
        after = lines()
    assert len(after) == len(before)
    assert "SECRET" not in "".join(after)
    assert any(line.startswith("routellm_decisions_total{") and line.endswith(" 21.0") for line in after)


def test_a_port_that_is_taken_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        assert main(["serve", *HERE, "--port", str(port)]) == 2
    assert f"--port must be free, and {port} is taken" in capsys.readouterr().err


def test_a_keys_budget_needs_no_more_than_the_page_shows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    row = {"name": "a", "sha256": "0" * 64, "threshold": 0.3, "budget": {"dollars": 5, "per": "day"}}
    keys = tmp_path / "keys.json"
    keys.write_text(json.dumps({"keys": [row]}))
    assert main(["serve", *HERE, "--keys", str(keys)]) == 2
    assert "a budget needs --prices" in capsys.readouterr().err
    enough = ["--keys", str(keys), *PRICES, "--max-output-tokens", "100"]
    with serving("http://127.0.0.1:1/v1", *enough) as (_, url, _):
        assert httpx.get(f"{url}/models").status_code == 401


def test_a_new_key_is_printed_and_kept_as_a_hash(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--keys", str(tmp_path / "keys.json"), "--new-key", "team"]) == 0
    key = capsys.readouterr().out.strip()
    assert key.startswith("rk-")
    assert key not in (tmp_path / "keys.json").read_text()
