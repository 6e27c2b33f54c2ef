"""`routellm serve`: from the command line to an answer."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from shared_router import RoutingPolicy
from shared_router.commands.main import main
from tests.fault_server import FaultServer

UPSTREAMS = ["--strong-model", "strong", "--weak-model", "weak"]


def test_it_serves_a_policy_file_until_it_is_interrupted(tmp_path: Path) -> None:
    RoutingPolicy(threshold=0.3).save(tmp_path / "policy.json")
    with FaultServer() as provider:
        command = [
            sys.executable,
            "-m",
            "shared_router",
            "serve",
            str(tmp_path / "policy.json"),
            "--port",
            "0",
        ]
        command += ["--strong", provider.url, "--weak", provider.url, *UPSTREAMS]
        command += ["--prices", "strong=10,10", "--prices", "weak=1,1", "--log", str(tmp_path / "log.jsonl")]
        keys = {f"ROUTELLM_{tier}_API_KEY": "sk-secret" for tier in ("STRONG", "WEAK")}
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env={**os.environ, **keys})
        assert process.stderr is not None
        told = [process.stderr.readline() for _ in range(2)]
        address = re.search(r"http://127\.0\.0\.1:\d+/v1", told[1])
        assert address is not None
        body = {"model": "auto", "messages": [{"role": "user", "content": "hi"}]}
        answer = httpx.post(f"{address[0]}/chat/completions", json=body, timeout=30)
        metrics = httpx.get(address[0].replace("/v1", "/metrics")).text
        process.send_signal(signal.SIGINT)
        _, rest = process.communicate(timeout=30)
    assert answer.headers["x-routellm-model"] == "weak"
    assert "whoever asks from this machine spends your money" in told[0]
    assert "routellm_decisions_total{" in metrics
    assert "sk-secret" not in "".join(told) + rest + metrics
    assert (tmp_path / "log.jsonl").read_text().count('"id"') == 1


@pytest.mark.parametrize(
    ("arguments", "rule"),
    [
        (["--strong", "http://a/v1"], "got no --weak and no --strong-model and no --weak-model"),
        (["--strong", "ftp://a", "--weak", "http://b", *UPSTREAMS], "an http or https URL"),
        (["--strong", "http://k:s3cret@a", "--weak", "http://b", *UPSTREAMS], "must hold no key"),
        (["--strong", "http://a", "--weak", "http://b", *UPSTREAMS, "--timeout", "3"], "rules of --fallback"),
        (["--new-key", "team"], "--new-key needs --keys"),
    ],
)
def test_what_cannot_be_served_is_refused_before_it_listens(
    capsys: pytest.CaptureFixture[str], arguments: list[str], rule: str
) -> None:
    assert main(["serve", *arguments]) == 2
    told = capsys.readouterr().err
    assert rule in told
    assert "s3cret" not in told


def test_a_new_key_is_printed_and_kept_as_a_hash(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--keys", str(tmp_path / "keys.json"), "--new-key", "team"]) == 0
    key = capsys.readouterr().out.strip()
    assert key.startswith("rk-")
    assert key not in (tmp_path / "keys.json").read_text()
