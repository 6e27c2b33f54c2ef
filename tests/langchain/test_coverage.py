"""A question that the router knows nothing of goes where `on_no_coverage` says, in every part that routes."""

from collections.abc import Sequence

import numpy as np
import pytest
from langchain_core.messages import HumanMessage
from numpy.typing import NDArray

from langchain_routellm import RoutedRunnable, RouteLLMRouter
from shared_router.testing import FixedRouter
from tests.langchain.models import routed


class Blind(FixedRouter):
    """A router that would send everything strong, and says that it knows nothing."""

    def coverage(self, queries: Sequence[str]) -> NDArray[np.float64]:
        return np.zeros(len(queries))


def test_an_answer_says_the_coverage_of_its_question() -> None:
    decision = routed(router=Blind(0.9), threshold=0.5).invoke("Ask").response_metadata["routellm"]
    assert (decision["model"], decision["reason"], decision["coverage"]) == ("strong", "score", 0.0)


def test_a_chat_model_sends_what_is_not_covered_where_the_rule_says() -> None:
    model = routed(router=Blind(0.9), threshold=0.5, on_no_coverage="weak")
    decision = model.invoke([HumanMessage("Ask")]).response_metadata["routellm"]
    assert (decision["model"], decision["reason"]) == ("weak", "no_coverage")
    scored = model.model_copy(update={"on_no_coverage": "score"}).invoke("Ask")
    assert scored.response_metadata["routellm"]["reason"] == "score"


@pytest.mark.parametrize("rule", ["strong", "weak"])
def test_a_conditional_edge_and_a_runnable_follow_the_rule(rule: str) -> None:
    rules = {"router": Blind(0.9), "threshold": 0.5, "on_no_coverage": rule}
    assert RouteLLMRouter(**rules).invoke("Ask").model == rule  # type: ignore[arg-type]
    runnable = RoutedRunnable(strong=lambda _: "strong", weak=lambda _: "weak", **rules)  # type: ignore[arg-type]
    assert runnable.invoke("Ask") == rule
