"""Three models under one, through a policy that decides between them."""

import copy
import pickle
from typing import Any

import pytest
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.callbacks import CallbackManager
from llama_index.core.llms import LLM
from llama_index.core.prompts import PromptTemplate, PromptType
from typing_extensions import override

from llamaindex_routellm import RoutedLLM, RoutedTokens
from shared_router import InvalidInputError, RoutingPolicy, SameModelWarning, TokenPrices, UnlikeModelsWarning
from shared_router.testing import FixedRouter
from tests.llamaindex.fakes import FakeChat, memory
from tests.llamaindex.indexes import index_of_documents
from tests.three_tiers import ThreeTiers

SCORES = {"hard": 0.9, "fair": 0.5, "easy": 0.1}


def three(**kwargs: Any) -> RoutedLLM:
    names = {"weak": "small", "medium": "mid", "strong": "big"}
    models = {name: kwargs.pop(name, FakeChat(model=model)) for name, model in names.items()}
    return RoutedLLM(**{"models": models, "policy": ThreeTiers(FixedRouter(SCORES)), **kwargs})


@pytest.mark.parametrize(("question", "model"), [("hard", "big"), ("fair", "mid"), ("easy", "small")])
def test_each_question_goes_to_one_of_three(question: str, model: str) -> None:
    """(1 - 0.9) * 3 = 0.3, (1 - 0.5) * 3 = 1.5 and (1 - 0.1) * 3 = 2.7: thirds 0, 1 and 2."""
    routed = three()
    assert routed.complete(question).text == f"{model} says so"
    assert str(index_of_documents().as_query_engine(llm=routed).query(question)) == f"{model} says so"


def test_a_block_can_name_the_third_model() -> None:
    routed = three()
    with routed.override(route="medium"):
        assert routed.complete("hard").text == "mid says so"


def test_a_model_that_cannot_serve_a_call_leaves_it_to_the_best_that_can() -> None:
    """Two of three call functions; the weak one, which "easy" would go to, does not."""
    routed = three(weak=FakeChat(model="small", calls_functions=False))
    history = [ChatMessage(content="easy"), ChatMessage(role="tool", content="found")]
    decision = routed.chat(history).additional_kwargs["routellm"]
    assert (decision["model"], decision["reason"]) == ("strong", "score")
    assert routed.complete("easy").text == "small says so"


def test_three_models_are_one_of_the_least_that_each_can_do() -> None:
    metadata = three(medium=FakeChat(model="mid", window=2000)).metadata
    assert metadata.context_window == 2000
    assert metadata.model_name == "routed(big|mid|small)"


@pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecationWarning")
async def test_an_agents_tool_loop_stays_with_the_third_model() -> None:
    def look(at: str) -> str:
        """Look something up."""
        return "hard"

    calls = [{"name": "look", "kwargs": {"at": "it"}}]
    routed = three(medium=FakeChat(model="mid", tool_calls=calls))
    run = FunctionAgent(tools=[look], llm=routed).run(user_msg="fair", memory=memory())
    assert str(await run) == "mid says so"


def test_the_third_models_tokens_are_counted() -> None:
    routed = three()
    with RoutedTokens() as tokens:
        routed.complete("fair")
    assert {model: usage.calls for model, usage in tokens.usage.items()} == {"medium": 1}


def test_what_is_for_all_reaches_the_third_model() -> None:
    manager = CallbackManager([])
    routed = three(system_prompt="Be brief.")
    routed.callback_manager = manager
    medium: LLM = routed.children["medium"]
    assert medium.callback_manager is manager
    assert medium.system_prompt == "Be brief."


def test_three_models_are_copied_and_pickled() -> None:
    routed = three()
    for again in (copy.deepcopy(routed), pickle.loads(pickle.dumps(routed))):
        assert again.complete("fair").text == "mid says so"
        assert again.children["medium"] is not routed.children["medium"]
    assert "medium='FakeChat mid'" in repr(routed)
    assert routed.to_dict()["medium"] == {"class_name": "FakeChat", "model": "mid"}
    assert "sk-secret" not in str(pickle.dumps(routed)) + repr(routed) + str(routed.to_dict())


@pytest.mark.parametrize(
    "changes",
    [
        {"policy": None},
        {"models": {"strong": FakeChat(), "weak": FakeChat()}},
        {"models": {"strong": FakeChat(), "middle": FakeChat(), "weak": FakeChat()}},
        {"models": {}},
    ],
)
def test_the_models_must_be_those_of_the_policy(changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError, match="models must be those that the policy decides between"):
        three(**changes)


@pytest.mark.parametrize("name", ["strong", "weak"])
def test_models_by_name_stand_in_the_place_of_strong_and_weak(name: str) -> None:
    both: Any = {name: FakeChat(), "models": {"strong": FakeChat(), "weak": FakeChat()}}
    with pytest.raises(InvalidInputError, match="models must stand alone, got strong or weak beside them"):
        RoutedLLM(**both)


class BigOrSmall(RoutingPolicy):
    """Decide between two models of the user's own names."""

    models = ("big", "small")

    @override
    def choose(self, win_probability: float, threshold: float, candidates: tuple[str, ...]) -> str:
        return "big" if win_probability >= threshold else "small"


def test_models_may_have_any_names() -> None:
    """The names are the policy's, best first; what else is said by model uses them too."""
    big, small = FakeChat(model="gpt", window=8000), FakeChat(model="mini")
    routed = RoutedLLM(
        models={"small": small, "big": big},
        policy=BigOrSmall(FixedRouter(SCORES)),
        context_window="strong",
        prices={"small": TokenPrices(1, 1), "big": TokenPrices(2, 2)},
    )
    assert list(routed.children) == ["big", "small"]
    assert routed.metadata.context_window == 8000, "the best one's"
    assert routed.complete("hard").additional_kwargs["routellm"]["model"] == "big"
    assert routed.complete("easy").text == "mini says so"
    with routed.override(route="small"):
        assert routed.complete("hard").text == "mini says so"
    for again in (copy.deepcopy(routed), pickle.loads(pickle.dumps(routed))):
        assert again.complete("easy").text == "mini says so"
    with pytest.raises(AttributeError, match=r"no model named 'strong', only \['big', 'small'\]"):
        _ = routed.strong


def test_a_kind_without_a_question_goes_to_any_of_them_or_to_the_best_or_the_last() -> None:
    models = {"small": FakeChat(model="mini"), "big": FakeChat(model="gpt")}
    document = PromptTemplate("Summary of {context_str}", prompt_type=PromptType.SUMMARY)
    for rule, text in {"big": "gpt says so", "strong": "gpt says so", "weak": "mini says so"}.items():
        routed = RoutedLLM(models=models, policy=BigOrSmall(FixedRouter(SCORES)), on_ingestion=rule)
        assert routed.predict(document, context_str="hard") == text


def test_two_models_may_be_given_by_name_too() -> None:
    routed = RoutedLLM(
        models={"strong": FakeChat(model="big"), "weak": FakeChat(model="small")}, router=FixedRouter(SCORES)
    )
    assert (routed.complete("hard").text, routed.complete("easy").text) == ("big says so", "small says so")
    assert routed.weak.metadata.model_name == "small"


@pytest.mark.parametrize(
    ("name", "value"),
    [("router", "static-v1"), ("threshold", 0.3), ("on_router_error", "weak"), ("on_no_query", "weak")],
)
def test_a_policy_is_given_alone(name: str, value: Any) -> None:
    with pytest.raises(InvalidInputError, match=f"{name} must be left to the policy"):
        three(**{name: value})


def test_a_policy_must_be_one() -> None:
    with pytest.raises(
        InvalidInputError, match="policy must be a RoutingPolicy or the path of its file, got FixedRouter"
    ):
        three(policy=FixedRouter(0.5))


def test_a_third_model_must_be_an_llm() -> None:
    with pytest.raises(InvalidInputError, match="medium must be a LlamaIndex LLM, got str"):
        three(medium="gpt-4o")


def test_a_third_model_that_is_another_or_unlike_the_strong_one_is_warned_of() -> None:
    model = FakeChat(model="small")
    with pytest.warns(SameModelWarning, match="medium and weak should be two models"):
        three(medium=model, weak=model)
    with pytest.warns(UnlikeModelsWarning, match="strong and medium should have one system_prompt"):
        three(medium=FakeChat(model="mid", system_prompt="Be brief."))


def test_prices_may_name_the_third_model() -> None:
    assert three(prices={"medium": TokenPrices(1, 1)}).complete("fair").text == "mid says so"
    with pytest.raises(InvalidInputError, match="prices must be by model"):
        three(prices={"middle": TokenPrices(1, 1)})
