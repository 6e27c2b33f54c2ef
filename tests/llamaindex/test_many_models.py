"""A policy of predicted grades and prices over three LLMs."""

import pickle

import pytest

from llamaindex_routellm import RoutedLLM
from tests.llamaindex.fakes import FakeChat
from tests.plans.test_many_models import policy


@pytest.mark.parametrize(("question", "name"), [("sum 1", "ada"), ("verse 1", "bob"), ("joke 1", "cyd")])
async def test_each_question_goes_to_the_best_grade_for_its_price(question: str, name: str) -> None:
    models = {model: FakeChat(model=model) for model in ("ada", "bob", "cyd")}
    routed = RoutedLLM(models=models, policy=policy(dollar_weight=0.02))
    answers = [routed.complete(question), await routed.acomplete(question)]
    answers.append(pickle.loads(pickle.dumps(routed)).complete(question))
    assert [answer.text for answer in answers] == [f"{name} says so"] * 3
    assert answers[0].additional_kwargs["routellm"]["model"] == name
