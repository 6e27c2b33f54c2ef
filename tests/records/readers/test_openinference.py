"""records/readers/openinference.py: spans as Phoenix exports them."""

import json
from pathlib import Path
from typing import Any

import pandas as pd

from shared_router import read_outcomes
from tests.records.fixtures import FOLDER, PROMPTS, of_first, read

EXPECTED = {
    "score": 1,
    "input_tokens": 20,
    "output_tokens": 1,
    "cached_input_tokens": 16,
    "dollars": 0.00006,
    "latency_ms": 1500,
}


def test_spans_of_models_are_read() -> None:
    reading = read("openinference.jsonl")
    outcomes = reading.outcomes
    assert (reading.formats, outcomes.models) == (("openinference",), ("gpt-4o", "gpt-4o-mini"))
    assert list(outcomes.prompts) == PROMPTS[:2]
    assert of_first(outcomes, "gpt-4o") == EXPECTED
    assert outcomes.answers("gpt-4o") == ["4", None]
    assert outcomes.conversations == ["s1", "t1"]
    assert reading.left_out == {"a span that is no call of a model": 1, "a request that failed": 1}


def test_a_data_frame_saved_as_parquet_reads_the_same(tmp_path: Path) -> None:
    frame = pd.read_json(FOLDER / "openinference.jsonl", lines=True, precise_float=True)
    frame["start_time"] = pd.to_datetime(frame["start_time"], format="ISO8601")
    frame["end_time"] = pd.to_datetime(frame["end_time"], format="ISO8601")
    frame.to_parquet(tmp_path / "x.parquet")
    assert read_outcomes(tmp_path / "x.parquet").outcomes == read("openinference.jsonl").outcomes


def test_attributes_may_be_nested(tmp_path: Path) -> None:
    lines = (FOLDER / "openinference.jsonl").read_text("utf-8").splitlines()
    (tmp_path / "x.jsonl").write_text(
        "\n".join(json.dumps(nested(json.loads(line))) for line in lines), "utf-8"
    )
    assert read_outcomes(tmp_path / "x.jsonl").outcomes == read("openinference.jsonl").outcomes


def test_messages_may_be_one_attribute_a_part_as_opentelemetry_has_them(tmp_path: Path) -> None:
    attributes = {
        "openinference.span.kind": "LLM",
        "llm.model_name": "m",
        "llm.input_messages.0.message.role": "system",
        "llm.input_messages.0.message.content": "Be brief.",
        "llm.input_messages.10.message.role": "user",
        "llm.input_messages.10.message.contents.0.message_content.type": "text",
        "llm.input_messages.10.message.contents.0.message_content.text": "What is 2+2?",
        "llm.input_messages.2.message.role": "user",
        "llm.input_messages.2.message.content": "Hello",
        "llm.output_messages.0.message.content": "4",
    }
    nested_once = {"attributes": attributes}
    flat = {f"attributes.{name}": value for name, value in attributes.items()}
    for row in (nested_once, flat):
        (tmp_path / "x.jsonl").write_text(json.dumps({"context": {"trace_id": "t"}, **row}), "utf-8")
        outcomes = read_outcomes(tmp_path / "x.jsonl").outcomes
        assert (list(outcomes.prompts), outcomes.answers("m")) == (["What is 2+2?"], ["4"])


def nested(row: dict[str, Any]) -> dict[str, Any]:
    """Put `attributes.llm.model_name` at attributes -> llm -> model_name."""
    found: dict[str, Any] = {"attributes": {}}
    for name, value in row.items():
        if not name.startswith("attributes."):
            found[name] = value
            continue
        place = found["attributes"]
        *parts, last = name.removeprefix("attributes.").split(".")
        for part in parts:
            place = place.setdefault(part, {})
        place[last] = value
    return found
