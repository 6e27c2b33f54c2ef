"""records/readers/mt_bench.py: MT-Bench's judgments and questions."""

import pytest

from shared_router import DataError, ScaleError
from tests.records.fixtures import PROMPTS, column, read


def test_the_turns_of_a_question_are_averaged_on_the_scale_that_is_said() -> None:
    """GPT-4 has 10 and 7, mean 8.5: (8.5 - 1) / 9 = .8333; Mixtral has 4, so 3 / 9, and -1, no grade."""
    reading = read("mt_bench", scale=(1, 10))
    assert list(reading.outcomes.prompts) == PROMPTS[:1]
    assert column(reading.outcomes, "score", "gpt-4-1106-preview") == [pytest.approx(7.5 / 9)]
    assert column(reading.outcomes, "score", "mixtral") == [pytest.approx(3 / 9)]
    assert reading.outcomes.domains == ["writing"]
    assert reading.left_out == {"a judgment without a grade": 1}


def test_the_scale_is_not_guessed() -> None:
    with pytest.raises(ScaleError, match=r"got 4 to 8.5; say their scale: --scale 1 10"):
        read("mt_bench")


def test_judgments_without_their_questions_are_refused() -> None:
    with pytest.raises(DataError, match="an answer without its prompt; give the file of requests too"):
        read("mt_bench/gpt-4_single.jsonl", scale=(1, 10))
