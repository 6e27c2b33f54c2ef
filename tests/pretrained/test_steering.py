"""What may not steer the shipped router: greetings, politeness, markup, a few foreign words."""

import numpy as np
import pytest

from shared_router import RoutingPolicy, load_router

PROMPTS = (
    "What is the capital of Australia?",
    "A patient of 60 has chest pain that spreads to the left arm. Which test should be done first?",
    "If f(x) = 3x**2 - 2x, what is f'(2)?\nA. 8\nB. 10\nC. 12\nD. 14",
    "Write a Python function that merges two sorted lists.",
    "Which clause of the constitution lets Congress regulate trade between the states, and why?",
    "Übersetze den Satz ins Englische: Der Zug kommt heute später.",
)
NOISE = (
    "Hi! {}",
    "Hello,\n{}",
    "Good evening! {}",
    "Hey, {}",
    "Dear assistant, {}",
    "Hi there, hope you are well. {}",
    "Please {}",
    "{} Please!",
    "{} Thank you!",
    "{}\n\nThanks in advance",
    "Could you please help me? {}",
    "I would appreciate your help. {}",
    "Question: {}",
    "You are a helpful assistant. {}",
    "You are a helpful assistant.\n\n{}",
    "**{}**",
    "# {}",
    "> {}",
    "<b>{}</b>",
    "```\n{}\n```",
)
LONG = (
    "A shop sells pens at two coins each and books at nine coins each. Ann buys four pens and one book. "
    "Ben buys one pen and two books. They share the cost of a bag at five coins. "
    "How many coins does each of them pay in the end? Show the sum for Ann first and then for Ben."
)


@pytest.mark.parametrize("noise", NOISE)
def test_a_greeting_politeness_or_markup_does_not_change_a_prompts_model(noise: str) -> None:
    policy = RoutingPolicy()
    noisy = [noise.format(prompt) for prompt in PROMPTS]
    models = [[each.model for each in policy.decide_many(prompts)] for prompts in (list(PROMPTS), noisy)]
    assert models[0] == models[1]
    scores = [load_router().win_probability(prompts) for prompts in (PROMPTS, noisy)]
    np.testing.assert_allclose(scores[1], scores[0], rtol=0, atol=1e-6)


def test_a_line_of_foreign_words_moves_a_long_prompt_little() -> None:
    """Read whole, the same prefix moves the score by more than twice as much; see docs/security.md."""
    router = load_router()
    foreign = "Radiation orbit decay proton mercury collision atoms rays."
    alone, attacked = router.win_probability([LONG, f"{foreign} {LONG}"])
    assert abs(attacked - alone) < 0.03
