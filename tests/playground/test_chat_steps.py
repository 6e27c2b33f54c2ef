"""What happens to a question, step by step, without a server."""

from __future__ import annotations

import pytest

pytest.importorskip("streamlit", reason="the extra playground needs Python 3.11")

from shared_router import InvalidInputError, RoutingDecision
from shared_router.plans.cascade import Cascade
from shared_router.playground.chat_steps import AskTier, both_answers, cascade_steps
from shared_router.records.collecting.journal import Reply
from shared_router.scorers.agreement import Agreement


def answers(*weak: str) -> AskTier:
    """Return a pair of models: the weak one gives these answers in turn, the strong one `"42"`."""
    left = list(weak)
    prices = {"weak": 0.001, "strong": 0.01}
    return lambda tier, _: Reply(left.pop(0) if tier == "weak" else "42", 5, 1, dollars=prices[tier])


def titles(ask: AskTier, *, threshold: float = 0.5) -> list[str]:
    cascade = Cascade(Agreement(3), threshold=threshold)
    return [step.title for step in cascade_steps("What is six times seven?", ask, cascade)]


def test_two_of_three_weak_answers_that_agree_are_enough_at_a_half() -> None:
    """P(good enough) is 2/3, so 1 - 2/3 < 1/2, whatever the third would be: it is not asked for."""
    assert titles(answers("42", "42")) == [
        "Ask the weak model",
        "Ask the weak model",
        "Is it good enough? yes",
        "Used: the weak model's answer",
    ]


def test_weak_answers_that_differ_lead_to_the_strong_model_and_all_are_paid_for() -> None:
    """All three differ: 1 - 1/3 >= 1/2. Three weak calls and a strong one cost .003 + .01."""
    cascade = Cascade(Agreement(3))
    steps = list(cascade_steps("What is six times seven?", answers("41", "40", "39"), cascade))
    assert [step.title for step in steps][-3:] == [
        "Is it good enough? no, ask the strong model",
        "Ask the strong model",
        "Used: the strong model's answer",
    ]
    assert (steps[-1].said, steps[-1].note) == ("42", "asked: weak, weak, weak, strong; $0.013000 in all")


def test_a_weak_model_that_fails_leads_to_the_strong_one() -> None:
    def ask(tier: str, question: str) -> Reply:
        if tier == "weak":
            raise InvalidInputError("the weak model's server must answer")
        return Reply("42")

    assert titles(ask)[-1] == "Used: the strong model's answer"


def test_both_answers_stand_beside_what_the_router_would_do() -> None:
    decision = RoutingDecision("strong", 0.7, 0.5, "knn", "score")
    steps = list(both_answers("Why?", answers("because"), decision))
    assert [step.title for step in steps] == [
        "The router would ask the strong model",
        "The weak model",
        "The strong model, which the router would ask",
    ]
    assert steps[0].note == "win probability 0.7000, threshold 0.5000"
    assert steps[2].note == "5 tokens in, 1 out, $0.010000"
