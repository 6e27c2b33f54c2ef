"""records/readers/openai_batch.py: a batch's requests and responses."""

import json
from pathlib import Path

import pytest

from shared_router import DataError, read_outcomes
from tests.records.fixtures import FOLDER, PROMPTS, of_first, read

BOTH = ("openai_batch/requests.jsonl", "openai_batch/responses.jsonl")


@pytest.mark.parametrize("files", [BOTH, BOTH[::-1], ("openai_batch",)])
def test_requests_and_responses_are_joined_by_their_id_in_any_order(files: tuple[str, ...]) -> None:
    reading = read(*files)
    outcomes = reading.outcomes
    assert reading.formats == ("openai_batch",)
    assert sorted(outcomes.prompts) == sorted(PROMPTS)
    assert outcomes.models == ("gpt-4o-2024-08-06",)
    assert of_first(outcomes, "gpt-4o-2024-08-06") == {
        "input_tokens": 20,
        "output_tokens": 1,
        "cached_input_tokens": 16,
        "reasoning_tokens": 0,
    }
    assert outcomes.answers("gpt-4o-2024-08-06")[:2] == ["4", "13"]
    assert outcomes.times is not None
    assert outcomes.times[0] == 1_760_000_000
    assert reading.left_out == {
        "a message with an image or a file": 1,
        "a request that failed": 1,
        "an answer without its prompt; give the file of requests too": 1,
    }


def test_responses_alone_are_refused_with_what_is_missing() -> None:
    with pytest.raises(DataError, match="3 x an answer without its prompt; give the file of requests too"):
        read(BOTH[1])


def test_the_same_ids_asked_of_another_model_are_the_same_prompts(tmp_path: Path) -> None:
    """The second model's batch has the ids of the first; its answers stand beside the first's."""
    other = (FOLDER / BOTH[1]).read_text("utf-8").replace("gpt-4o-2024-08-06", "gpt-4o-mini")
    (tmp_path / "other.jsonl").write_text(other, "utf-8")
    outcomes = read_outcomes(*(FOLDER / name for name in BOTH), tmp_path / "other.jsonl").outcomes
    assert outcomes.models == ("gpt-4o-2024-08-06", "gpt-4o-mini")
    assert outcomes.answered("gpt-4o-mini").sum() == 2


def test_an_id_that_two_prompts_have_keeps_the_first(tmp_path: Path) -> None:
    line = {"custom_id": "q0", "body": {"messages": [{"role": "user", "content": "Something else"}]}}
    (tmp_path / "more.jsonl").write_text(json.dumps(line), "utf-8")
    reading = read_outcomes(*(FOLDER / name for name in BOTH), tmp_path / "more.jsonl")
    assert "Something else" not in list(reading.outcomes.prompts)
    assert reading.left_out["another prompt under an id that was used before"] == 1


def test_requests_for_embeddings_are_left_out(tmp_path: Path) -> None:
    line = {"custom_id": "e0", "url": "/v1/embeddings", "body": {"model": "m", "input": "text"}}
    (tmp_path / "more.jsonl").write_text(json.dumps(line), "utf-8")
    reading = read_outcomes(*(FOLDER / name for name in BOTH), tmp_path / "more.jsonl")
    assert reading.left_out["a call that asks no chat or completion model"] == 1
