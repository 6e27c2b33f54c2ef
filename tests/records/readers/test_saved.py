"""records/readers/saved.py and records/saving.py: what is written reads back equal."""

import math
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared_router import MissingExtraError, Outcomes, read_outcomes

TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(str.strip)
NUMBERS = st.lists(st.none() | st.floats(0, 1), min_size=3, max_size=3)


def full() -> Outcomes:
    return Outcomes.from_columns(
        ['one\n"1"', "two", "três\u2028"],
        {"big": [1.0, 0.1 + 0.2, math.nan], "small": [0.0, math.nan, math.nan]},
        measures={"dollars": {"big": [1e-9, math.nan, 0.0]}, "latency_ms": {"small": [1.5, math.nan, 3.0]}},
        answers={"big": ["a", None, "c"]},
        samples={"big": [["b", "c"], [], []]},
        domains=["d", None, "d"],
        conversations=[None, "c", "c"],
        times=[1.5, math.nan, 2.0],
    )


def saved(outcomes: Outcomes, folder: Path, kind: str) -> Path:
    path = folder / f"x.{kind}"
    (outcomes.to_jsonl if kind == "jsonl" else outcomes.to_parquet)(path)
    return path


@pytest.mark.parametrize("kind", ["jsonl", "parquet"])
def test_what_is_written_reads_back_equal(tmp_path: Path, kind: str) -> None:
    reading = read_outcomes(saved(full(), tmp_path, kind))
    assert reading.formats == ("saved",)
    assert reading.outcomes == full()
    assert reading.left_out == {}


@pytest.mark.parametrize("kind", ["jsonl", "parquet"])
def test_a_prompt_that_nobody_answered_and_equal_prompts_stay(tmp_path: Path, kind: str) -> None:
    outcomes = Outcomes.from_columns(["a", "a", "b"], {"m": [1, 0, None]})
    assert read_outcomes(saved(outcomes, tmp_path, kind)).outcomes == outcomes


@pytest.mark.parametrize("kind", ["jsonl", "parquet"])
@settings(max_examples=40)
@given(prompts=st.lists(TEXT, min_size=3, max_size=3), first=NUMBERS, second=NUMBERS)
def test_any_table_reads_back_equal(
    tmp_path_factory: pytest.TempPathFactory,
    kind: str,
    prompts: list[str],
    first: list[float | None],
    second: list[float | None],
) -> None:
    columns = {"m1": first, "m2": second}
    named = {name: column for name, column in columns.items() if any(value is not None for value in column)}
    outcomes = Outcomes.from_columns(prompts, named)
    read = read_outcomes(saved(outcomes, tmp_path_factory.mktemp("x"), kind)).outcomes
    assert read == outcomes.select(range(3), models=read.models)


def test_parquet_without_pyarrow_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = saved(full(), tmp_path, "parquet")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtraError, match=r'pip install "routellm-adapters\[eval\]"'):
        full().to_parquet(tmp_path / "y.parquet")
    with pytest.raises(MissingExtraError, match=r'pip install "routellm-adapters\[eval\]"'):
        read_outcomes(path)


@pytest.mark.parametrize("kind", ["jsonl", "parquet"])
def test_conversations_are_kept(tmp_path: Path, kind: str) -> None:
    talk = [("user", "What is 2+2?"), ("assistant", "4"), ("user", "why?")]
    outcomes = Outcomes.from_columns([talk, "two"], {"big": [1.0, 0.0], "small": [0.0, 0.0]})
    assert list(outcomes.prompts) == ["What is 2+2?\nwhy?", "two"]
    again = read_outcomes(saved(outcomes, tmp_path, kind)).outcomes
    assert again == outcomes
    assert again.messages is not None
    assert again.messages[0][1] == {"role": "assistant", "content": "4"}  # type: ignore[index]
    assert again.select([1, 0]).messages == [None, again.messages[0]]
    assert again != outcomes.select([1, 0])
