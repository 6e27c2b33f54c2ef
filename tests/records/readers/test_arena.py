"""records/readers/arena.py: Chatbot Arena's battles."""

from tests.records.fixtures import PROMPTS, column, read


def test_one_hot_winners_and_lists_of_turns_are_read() -> None:
    reading = read("arena_55k.csv")
    outcomes = reading.outcomes
    assert (reading.formats, list(outcomes.prompts)) == (("arena",), PROMPTS)
    assert column(outcomes, "score", "gpt-4-1106-preview") == [1, None, None]
    assert column(outcomes, "score", "vicuna-13b") == [0, 0.5, 0]
    assert column(outcomes, "score", "koala-13b") == [None, 0.5, 1]
    assert outcomes.answers("vicuna-13b") == ["5", "11", "a"]
    assert reading.left_out == {"no winner that is known": 1}


def test_named_winners_and_conversations_are_read_and_two_bad_answers_score_nothing() -> None:
    outcomes = read("arena_33k.jsonl").outcomes
    assert list(outcomes.prompts) == PROMPTS
    assert column(outcomes, "score", "koala-13b") == [0, 0, 0.5]
    assert column(outcomes, "score", "vicuna-13b") == [1, 0, 0.5]
    assert outcomes.answers("koala-13b") == ["13"] * 3
    assert outcomes.times is not None
    assert outcomes.times[0] == 1682351591.1
