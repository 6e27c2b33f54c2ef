"""A policy of predicted grades and prices over three chat models."""

import pytest

from langchain_routellm import RoutedChatModel
from tests.langchain.fake_tool_models import ChatElm, ChatOak
from tests.plans.test_many_models import policy


@pytest.mark.parametrize(("question", "name"), [("sum 1", "ada"), ("verse 1", "bob"), ("joke 1", "cyd")])
async def test_each_question_goes_to_the_best_grade_for_its_price(question: str, name: str) -> None:
    models = {"ada": ChatOak(model="big"), "bob": ChatElm(model="mid"), "cyd": ChatOak(model="small")}
    routed = RoutedChatModel(models=models, policy=policy(dollar_weight=0.02))
    answers = [routed.invoke(question), await routed.ainvoke(question), *routed.batch([question])]
    assert [answer.response_metadata["routellm"]["model"] for answer in answers] == [name] * 3
    assert answers[0].text == models[name].invoke(question).text
    assert answers[0].response_metadata["routellm"]["router"] == "neighbors"
