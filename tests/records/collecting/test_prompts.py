"""Files of prompts to ask."""

from pathlib import Path

import pytest

from shared_router import DataError
from shared_router.records.collecting.prompts import read_prompts
from shared_router.records.csv_rows import MAX_ROW_CHARS


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("p.jsonl", '{"prompt": "2+2?", "reference": 4, "domain": "math"}\n\n{"prompt": "Hi"}\n'),
        ("p.csv", "\ufeffprompt,reference,domain\n2+2?,4,math\nHi,,\n"),
    ],
)
def test_prompts_come_with_their_references_and_domains(name: str, text: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    read = read_prompts(tmp_path / name)
    assert (read.prompts, read.references, read.domains) == (["2+2?", "Hi"], ["4", None], ["math", None])


def test_a_table_of_prompts_may_be_parted_and_named_otherwise_and_hold_long_texts(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text(f"Prompt;Reference\n{'x' * 200_000};4\n")
    read = read_prompts(tmp_path / "p.csv")
    assert ([len(prompt) for prompt in read.prompts], read.references) == ([200_000], ["4"])


def test_text_is_one_prompt_a_line(tmp_path: Path) -> None:
    (tmp_path / "p.txt").write_text("one\n\ntwo\n")
    read = read_prompts(tmp_path / "p.txt")
    assert (read.prompts, read.references, read.domains) == (["one", "two"], None, None)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("p.jsonl", '{"prompt": "a"}\nsecret', "line 2: a row must be JSON"),
        ("p.jsonl", '{"question": "secret"}\n', "line 1: a row must have a column prompt"),
        ("p.csv", "question\nsecret\n", "line 2: a row must have a column prompt"),
        (
            "p.csv",
            "prompt\nsecret, and more\n",
            "line 2: a row must have as many fields as the header; quote",
        ),
        ("p.txt", "\n", "at least one prompt"),
    ],
)
def test_files_without_prompts_are_refused_and_not_quoted(
    name: str, text: str, message: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(DataError, match=message) as refused:
        read_prompts(tmp_path / name)
    assert "secret" not in str(refused.value)


def test_a_missing_file_is_named_with_its_whole_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match=str(tmp_path)):
        read_prompts("nowhere.jsonl")


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "p.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match="UTF-8"):
        read_prompts(tmp_path / "p.txt")


def test_a_text_longer_than_any_row_may_be_is_refused(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text("prompt\n" + "x" * (MAX_ROW_CHARS + 1))
    with pytest.raises(DataError, match=r"p.csv must be well-formed CSV: field larger than field limit"):
        read_prompts(tmp_path / "p.csv")
