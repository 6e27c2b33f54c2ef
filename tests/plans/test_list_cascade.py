"""plans/list_cascade.py: down a list of three models until an answer will do."""

import pytest

from shared_router import (
    Deadline,
    FrugalList,
    InvalidInputError,
    ListCascade,
    PlanCall,
    PlanRequest,
    PlanTimeoutError,
)
from tests.plans.scripted import QUESTION, answer, scoring, walk

THREE = FrugalList(("small", "middle", "large"), (0.3, 0.6))
ANSWERS = {model: [answer(model, dollars=1.0)] for model in THREE.models}


def plan(small: float, middle: float) -> ListCascade:
    return ListCascade(THREE, {"small": scoring(small), "middle": scoring(middle)})


@pytest.mark.parametrize(
    ("small", "middle", "asked"),
    [
        (0.8, 0.0, ["small"]),  # 1 - .8 < .3
        (0.6, 0.5, ["small", "middle"]),  # 1 - .6 >= .3, 1 - .5 < .6
        (0.6, 0.3, ["small", "middle", "large"]),
    ],
)
def test_the_first_answer_below_its_models_threshold_is_used(
    small: float, middle: float, asked: list[str]
) -> None:
    use, asks = walk(plan(small, middle), ANSWERS)
    assert [ask.model for ask in asks] == asked
    assert use.answer.model == asked[-1]
    scores = {"small": small, "middle": middle}
    assert use.calls == tuple(PlanCall(model, scores.get(model), 1.0) for model in asked)


def test_a_model_that_fails_or_has_nothing_to_say_is_passed_over() -> None:
    failed = {
        **ANSWERS,
        "small": [answer("small", error=ConnectionError())],
        "middle": [answer("middle", "")],
    }
    use, asks = walk(plan(1.0, 1.0), failed)
    assert [ask.reason for ask in asks] == ["list", "escalated:error:ConnectionError", "escalated:empty"]
    assert use.answer.model == "large"


def test_a_scorer_that_fails_sends_the_request_on() -> None:
    def broken(question: str, answer: str) -> float:
        raise RuntimeError

    use, _ = walk(ListCascade(THREE, {"small": broken, "middle": scoring(1.0)}), ANSWERS)
    assert use.answer.model == "middle"


def test_the_error_of_the_last_model_is_the_plans() -> None:
    with pytest.raises(ConnectionError):
        walk(plan(0.0, 0.0), {**ANSWERS, "large": [answer("large", error=ConnectionError())]})


def test_only_models_that_can_serve_the_request_are_asked() -> None:
    use, asks = walk(plan(0.0, 0.0), ANSWERS, PlanRequest(QUESTION, candidates=("small", "middle")))
    assert [ask.model for ask in asks] == ["small", "middle"]
    assert use.answer.model == "middle"
    with pytest.raises(InvalidInputError, match="must be able to serve"):
        walk(plan(0.0, 0.0), ANSWERS, PlanRequest(QUESTION, candidates=("other",)))


def test_a_question_that_no_scorer_reads_goes_down_the_list() -> None:
    use, _ = walk(plan(1.0, 1.0), ANSWERS, PlanRequest(QUESTION, holds=frozenset({"images"})))
    assert use.answer.model == "large"


def test_when_the_time_is_over_the_last_answer_is_used() -> None:
    now = [0.0]
    deadline = Deadline(5.0, clock=lambda: now[0])

    def slow(question: str, answer: str) -> float:
        now[0] = 6.0
        return 0.0

    late = ListCascade(THREE, {"small": slow, "middle": slow})
    use, _ = walk(late, ANSWERS, PlanRequest(QUESTION, deadline=deadline))
    assert (use.answer.model, use.reason) == ("small", "deadline")
    with pytest.raises(PlanTimeoutError, match=r"within its deadline \(5 s\)"):
        walk(late, ANSWERS, PlanRequest(QUESTION, deadline=deadline))


def test_each_model_but_the_last_needs_a_scorer() -> None:
    with pytest.raises(InvalidInputError, match=r"\['middle'\] have none"):
        ListCascade(THREE, {"small": scoring(1.0)})
    alone = ListCascade(FrugalList(("small",), ()), {})
    assert walk(alone, ANSWERS)[0].answer.model == "small"
