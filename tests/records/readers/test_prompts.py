"""records/readers/prompts.py: a file of prompts alone is a table in which nobody was asked yet."""

from pathlib import Path

import pytest

from shared_router import FormatError, read_outcomes
from shared_router.commands.main import main
from tests.records.fixtures import read


def test_prompts_alone_are_read_without_models() -> None:
    reading = read("prompts.csv")
    assert reading.formats == ("prompts",)
    assert list(reading.outcomes.prompts) == ["What is 2+2?", "Name a prime above ten."]
    assert reading.outcomes.models == ()
    assert reading.outcomes.domains == ["arithmetic", None]
    assert reading.outcomes.can_compute.missing["quality"] == "no model here, and a comparison needs two"


def test_conversations_stand_in_a_prompts_place(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text(
        '{"messages": [{"role": "user", "content": "a?"}, {"role": "assistant", "content": "b"}]}\n'
    )
    outcomes = read_outcomes(path).outcomes
    assert list(outcomes.prompts) == ["a?"]
    assert outcomes.messages is not None
    assert [m["role"] for m in outcomes.messages[0] or ()] == ["user", "assistant"]


def test_a_file_with_another_column_is_not_read_as_prompts_alone(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("prompt,grade_of_a\nsecret,1\n")
    with pytest.raises(FormatError, match="prompts: further columns than prompts alone have: grade_of_a"):
        read_outcomes(tmp_path / "x.csv")


def test_inspect_says_what_prompts_alone_are_enough_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "x.jsonl").write_text('{"prompt": "a"}\n{"prompt": "b"}\n')
    assert main(["inspect", str(tmp_path / "x.jsonl")]) == 0
    said = capsys.readouterr().out
    assert "format      prompts" in said
    assert "can compute shares: yes" in said
    assert "can compute quality: no: no model here" in said
