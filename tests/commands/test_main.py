from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from shared_router import __version__, router_class
from shared_router.commands.main import main


@pytest.fixture(scope="module")
def router_folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("router")
    router_class("random")().save(folder)
    return str(folder)


def routellm(*arguments: str, stdin: bytes = b"", **environment: str) -> subprocess.CompletedProcess[bytes]:
    """Run the real command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "shared_router", *arguments],
        input=stdin,
        capture_output=True,
        timeout=120,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), **environment},
    )


def test_route_prints_probability_model_and_prompt_in_order(router_folder: str) -> None:
    """The saved router's own values, to four decimals, beside the model that threshold 0.6 gives them."""
    prompts = ["hi", "What is 2+2?", "line one\nline two"]
    values = router_class("random")().win_probability(prompts)
    done = routellm("route", *prompts, "--router", router_folder, "--threshold", "0.6")
    expected = [
        f"{value:.4f}\t{'strong' if value >= 0.6 else 'weak'}\t{' '.join(prompt.split())}"
        for value, prompt in zip(values, prompts, strict=True)
    ]
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode().splitlines() == expected


def test_route_takes_the_hash_that_pins_its_router(router_folder: str) -> None:
    pin = hashlib.sha256((Path(router_folder) / "config.json").read_bytes()).hexdigest()
    trusted = routellm("route", "hi", "--router", router_folder, "--expected-sha256", pin)
    other = routellm("route", "hi", "--router", router_folder, "--expected-sha256", "0" * 64)
    assert (trusted.returncode, other.returncode) == (0, 2)
    assert b"config.json must have the SHA-256" in other.stderr


def test_route_reads_one_prompt_a_line_and_answers_each(router_folder: str) -> None:
    """600 lines are more than two batches of 256; a blank one has no question to score."""
    lines = [f"question {n}" for n in range(599)] + [""]
    done = routellm(
        "route", "--router", router_folder, "--json", stdin="\r\n".join([*lines, ""]).encode("utf-8")
    )
    decisions = [json.loads(line) for line in done.stdout.splitlines()]
    values = router_class("random")().win_probability(lines[:599])
    assert [d["win_probability"] for d in decisions[:599]] == values.tolist()
    assert decisions[599]["reason"] == "no_query"
    assert len(decisions) == 600


def test_route_json_is_the_decision_without_the_prompt(router_folder: str) -> None:
    done = routellm("route", "my secret", "--router", router_folder, "--threshold", "0", "--json")
    decision = json.loads(done.stdout)
    assert {k: decision[k] for k in ("model", "threshold", "reason")} == {
        "model": "strong",
        "threshold": 0.0,
        "reason": "score",
    }
    assert b"secret" not in done.stdout


def test_route_survives_bytes_that_are_no_text_and_shows_no_escape_sequence(router_folder: str) -> None:
    done = routellm("route", "--router", router_folder, stdin=b"\xff\xfe caf\xc3\xa9 \x1b[2J\n")
    assert done.returncode == 0
    assert "café" in done.stdout.decode()
    assert b"\x1b" not in done.stdout


def test_route_writes_to_a_stream_that_lacks_the_characters(router_folder: str) -> None:
    done = routellm("route", "日本", "--router", router_folder, PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize(
    ("arguments", "rule"),
    [
        (["route", "hi", "--threshold", "nan"], "threshold must be a number in [0, 1], got nan"),
        (["route", "hi", "--threshold", "1.5"], "threshold must be a number in [0, 1], got 1.5"),
        (["route", "hi", "--router", "no-such"], "a router must be one of"),
        (["demo", "--base-url", "http://127.0.0.1:9/v1"], "--base-url needs a model there, got none"),
        (["demo", "--strong", "gpt"], "OPENAI_API_KEY is not set"),
        (["demo", "--weak-price", "1"], "--weak-price must be IN,OUT"),
        (["demo", "--strong-price", "1,-1"], "output_per_million_tokens must be dollars >= 0, got -1.0"),
        (["demo", "--max-tokens", "0"], "--max-tokens must be >= 1, got 0"),
    ],
)
def test_a_broken_rule_is_one_line_and_status_2(
    arguments: list[str],
    rule: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    assert main(arguments) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("routellm: error: ")
    assert rule in printed.err
    assert printed.err.count("\n") == 1


def test_an_unknown_command_and_none_at_all_are_status_2() -> None:
    assert routellm("no-such").returncode == 2
    assert routellm().returncode == 2


def test_help_names_every_command_and_version_the_distribution(router_folder: str) -> None:
    shown = routellm("--help").stdout.decode()
    assert "route" in shown
    assert "demo" in shown
    assert routellm("--version").stdout.decode().strip() == f"routellm-adapters {__version__}"


def test_a_reader_that_leaves_early_is_no_error(router_folder: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "shared_router", "route", "--router", router_folder],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        process.stdin.write(b"hello\n")
        process.stdin.close()
        assert process.stderr.read() == b""
        assert process.wait(timeout=60) == 0


def test_the_command_loads_neither_framework_nor_torch() -> None:
    code = (
        "import sys, shared_router.commands.main as cli\n"
        "try: cli.main(['demo', '--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'torch', 'transformers', 'openai', 'langchain_core', 'llama_index', 'pandas', 'sklearn'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("arguments", "rule"),
    [
        ([], "the following arguments are required: command; see routellm --help"),
        (["evaluate"], "the following arguments are required: DATA, --out; see routellm evaluate --help"),
        (["evaluate", "x", "--out", "y", "--unit", "day"], "argument --unit: invalid choice: 'day'"),
        (["inspect", "x", "--scale", "0-10"], "argument --scale: expected 2 arguments"),
        (["evaluate", "x", "--out", "y", "--seed", "one"], "argument --seed: invalid int value: 'one'"),
        (["inspect", "x", "--bogus"], "unrecognized arguments: --bogus"),
        (["banana"], "invalid choice: 'banana'"),
    ],
)
def test_a_wrong_argument_is_one_line_and_status_2(
    arguments: list[str], rule: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    printed = capsys.readouterr()
    assert (ended.value.code, printed.out) == (2, "")
    assert printed.err.startswith("routellm: error: ")
    assert printed.err.count("\n") == 1
    assert rule in printed.err
