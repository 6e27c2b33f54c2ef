"""records/readers/litellm.py: LiteLLM's callbacks and spend logs."""

from pathlib import Path

from shared_router import read_outcomes
from tests.records.fixtures import FOLDER, PROMPTS, of_first, read

EXPECTED = {
    "input_tokens": 20,
    "output_tokens": 5,
    "cached_input_tokens": 16,
    "dollars": 0.0001,
    "latency_ms": 1500,
    "time_to_first_token_ms": 250,
}


def test_what_a_callback_wrote_is_read() -> None:
    reading = read("litellm_callback.jsonl")
    assert (reading.formats, list(reading.outcomes.prompts)) == (("litellm",), PROMPTS[:1])
    assert of_first(reading.outcomes, "gpt-4o") == {**EXPECTED, "reasoning_tokens": 3}
    assert reading.outcomes.answers("gpt-4o") == ["4"]
    assert reading.outcomes.conversations == ["t1"]
    assert reading.left_out == {
        "a request that failed": 1,
        "an answer from a cache": 1,
        "a call that asks no chat or completion model": 1,
        "no text of a user": 1,
    }


def test_spend_logs_are_read_where_they_hold_prompts() -> None:
    reading = read("litellm_spend.csv")
    assert of_first(reading.outcomes, "gpt-4o") == EXPECTED
    assert reading.outcomes.conversations == ["s1"]
    assert reading.left_out == {"no text of a user": 1}


def test_a_prompt_that_was_redacted_is_no_prompt(tmp_path: Path) -> None:
    """LiteLLM writes these words where `turn_off_message_logging` is on."""
    line = (FOLDER / "litellm_callback.jsonl").read_text("utf-8").splitlines()[0]
    redacted = line.replace(PROMPTS[0], "redacted-by-litellm")
    (tmp_path / "x.jsonl").write_text(f"{line}\n{redacted}\n", "utf-8")
    assert read_outcomes(tmp_path / "x.jsonl").left_out == {"a prompt that was redacted": 1}
