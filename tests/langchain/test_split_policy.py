"""A test of two policies through LangChain: a thread is an arm's, and its answers say so."""

from langchain_core.language_models import FakeListChatModel

from langchain_routellm import RoutedChatModel
from shared_router import RoutingPolicy, SplitPolicy
from shared_router.testing import FixedRouter


def test_a_threads_calls_have_one_arm_that_stands_on_the_answers() -> None:
    a, b = (RoutingPolicy(FixedRouter(0.5), threshold=threshold) for threshold in (0.2, 0.9))
    model = RoutedChatModel(
        strong=FakeListChatModel(responses=["strong"]),
        weak=FakeListChatModel(responses=["weak"]),
        policy=SplitPolicy(a, b),
    )
    told = set()
    for thread in range(30):
        config = {"configurable": {"thread_id": f"thread {thread}"}}
        answers = [model.invoke(f"turn {turn}", config) for turn in range(2)]  # type: ignore[arg-type]
        arms = {answer.response_metadata["routellm"]["arm"] for answer in answers}
        assert len(arms) == 1
        told.add((arms.pop(), str(answers[0].content)))
    assert told == {("a", "strong"), ("b", "weak")}
