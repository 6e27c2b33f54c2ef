"""A test of two policies through LlamaIndex: a question that is known decides nothing in the other arm."""

from llama_index.core.llms import MockLLM

from llamaindex_routellm import RoutedLLM
from shared_router import RoutingPolicy, SplitPolicy, conversation_scope
from shared_router.testing import FixedRouter


def test_the_same_question_is_decided_by_each_conversations_own_arm() -> None:
    a, b = (RoutingPolicy(FixedRouter(0.5), threshold=threshold) for threshold in (0.2, 0.9))
    llm = RoutedLLM(strong=MockLLM(), weak=MockLLM(), policy=SplitPolicy(a, b))
    told = []
    for i in range(40):
        with conversation_scope(f"thread {i}"), llm.capture() as decisions:
            llm.complete("the same question")
            llm.complete("the same question")
        told.append({(each.arm, each.model) for each in decisions})
    assert {*map(len, told)} == {1}
    assert set.union(*told) == {("a", "strong"), ("b", "weak")}
