"""docs/learn.md: its four commands and its chain run in a row, against a server on this machine."""

import shlex
from pathlib import Path
from typing import Any

import pytest

from shared_router.commands.main import main
from tests.docs_blocks import python_blocks
from tests.records.collecting.faulty_server import faulty_server

PAGE = Path(__file__).parents[2] / "docs" / "learn.md"


def commands() -> list[list[str]]:
    """Return what stands in the page's first shell block, one command a line."""
    block = PAGE.read_text("utf-8").split("<!-- learn commands -->\n```sh\n")[1].split("```")[0]
    typed = [shlex.split(line) for line in block.splitlines()]
    assert [words[:2] for words in typed] == [
        ["routellm", name] for name in ("suggest", "collect", "train", "route")
    ]
    return [words[1:] for words in typed]


def answer(model: str, prompt: str) -> str:
    """Prove what it is asked if it is big; add numbers whatever it is."""
    if "Prove" in prompt:
        return "Suppose not. ... Q.E.D." if model == "big" else "I cannot."
    words = prompt.rstrip("?").split()
    return f"It is {int(words[2]) + int(words[4])}."


def test_from_a_log_to_a_running_chain_in_four_commands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("langchain_core")
    monkeypatch.chdir(tmp_path)
    log, *_, chain = [block for block in python_blocks(PAGE) if block.run]
    namespace: dict[str, Any] = {"__name__": "__main__"}
    log.execute(namespace)
    with faulty_server(answer=answer) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        monkeypatch.setenv("OPENAI_API_KEY", "none-needed")
        for words in commands():
            assert main(words) == 0, words
        assert len(server.answered) == 200  # a hundred prompts of two models
    said = capsys.readouterr().out
    assert "100 of 296 distinct prompts in chosen.jsonl" in said
    assert "100 prompts in graded.jsonl" in said
    assert "local learned from 100 rows of strong against weak" in said
    assert said.splitlines()[-1].split("\t")[1] == "strong"
    from langchain_core.language_models import FakeListChatModel

    from langchain_routellm import RoutedChatModel

    namespace |= {"FakeListChatModel": FakeListChatModel, "RoutedChatModel": RoutedChatModel}
    chain.execute(namespace)
