import copy
import json
import pickle
from collections.abc import Callable
from typing import Any

import pytest
from llama_index.core.llms import MockLLM
from pydantic import BaseModel, SecretStr

from llamaindex_routellm import RoutedLLM
from shared_router import InvalidInputError, SameModelWarning
from shared_router.routers.random import RandomRouter
from tests.llamaindex.fakes import FakeChat, FakeCompletion

KEY = "sk-0123456789"


def routed(**kwargs: Any) -> RoutedLLM:
    strong = FakeChat(model="big", api_key=KEY, answers=["kept"])
    given = {"strong": strong, "weak": FakeChat(model="small", api_key=KEY), "router": RandomRouter(3)}
    return RoutedLLM(**{**given, **kwargs})


class Answer(BaseModel):
    """An answer."""

    text: str


DUMPS: dict[str, Callable[[RoutedLLM], object]] = {
    "repr": repr,
    "str": str,
    "to_dict": RoutedLLM.to_dict,
    "dict": RoutedLLM.dict,
    "model_dump": RoutedLLM.model_dump,
    "to_json": RoutedLLM.to_json,
    "json": RoutedLLM.json,
    "model_dump_json": RoutedLLM.model_dump_json,
    "pickle": pickle.dumps,
    "structured": lambda llm: llm.as_structured_llm(FakeChat).to_dict(),
    "structured repr": lambda llm: repr(llm.as_structured_llm(FakeChat)),
}


@pytest.mark.parametrize("dump", DUMPS.values(), ids=DUMPS)
def test_nothing_written_of_a_routed_llm_holds_a_key(dump: Callable[[RoutedLLM], object]) -> None:
    assert KEY not in str(dump(routed()))


def test_a_description_names_the_models_and_the_rule() -> None:
    described = json.loads(routed(threshold=0.3).to_json())
    assert described["class_name"] == "RoutedLLM"
    assert described["strong"] == {"class_name": "FakeChat", "model": "big"}
    assert described["weak"] == {"class_name": "FakeChat", "model": "small"}
    assert (described["router"], described["threshold"]) == ("random", 0.3)


def test_a_repr_names_the_models_and_the_rule() -> None:
    shown = "RoutedLLM(strong='FakeChat big', weak='FakeChat small', router='random', threshold=0.3)"
    assert repr(routed(threshold=0.3)) == shown


def test_libraries_that_ask_a_models_name_get_the_models_or_both() -> None:
    assert (routed().model, routed().model_name) == ("routed(big|small)", "routed(big|small)")
    same = routed(strong=FakeChat(model="one"), weak=FakeChat(model="one"))
    assert (same.model, same.model_name) == ("one", "one")
    nameless = routed(strong=MockLLM(), weak=MockLLM())
    assert nameless.model == nameless.metadata.model_name


def test_an_unpickled_llm_decides_alike_and_reads_its_keys_anew() -> None:
    before = routed(threshold=0.3, query_keys=["ask"], on_no_query="weak", context_window="strong")
    after = pickle.loads(pickle.dumps(before))
    asked = [f"question {i}" for i in range(20)]
    assert [after.policy.decide(query) for query in asked] == [before.policy.decide(query) for query in asked]
    assert after.policy.decide(None).model == "weak"
    assert (after.strong.model, after.weak.model) == ("big", "small")
    assert after.strong.api_key == "sk-secret"  # the class's default stands for the environment here
    assert after.complete("question 1").additional_kwargs["routellm"]["threshold"] == 0.3


def test_a_pickle_keeps_what_is_no_secret() -> None:
    after = pickle.loads(pickle.dumps(routed(system_prompt="Be brief.")))
    assert after.strong.answers == ["kept"]
    assert after.system_prompt == after.weak.system_prompt == "Be brief."


class Unpicklable(RandomRouter):
    """Hold what no pickle can."""

    def __init__(self) -> None:
        super().__init__()
        self.held = lambda: None


def test_an_unpicklable_router_is_refused_at_pickling() -> None:
    with pytest.raises(
        InvalidInputError, match="router must be picklable .* name or folder of a saved router"
    ):
        pickle.dumps(routed(router=Unpicklable()))


def test_an_unpicklable_router_is_refused_where_a_structured_llm_is_pickled() -> None:
    """LlamaIndex would drop what cannot be pickled, and fail at the first call after."""
    with pytest.raises(InvalidInputError, match="router must be picklable"):
        pickle.dumps(routed(router=Unpicklable()).as_structured_llm(Answer))
    after = pickle.loads(pickle.dumps(routed().as_structured_llm(Answer)))
    assert (after.llm.strong.model, after.output_cls) == ("big", Answer)


def test_an_unpicklable_extractor_is_refused_at_pickling() -> None:
    with pytest.raises(InvalidInputError, match="query_extractor must be picklable"):
        pickle.dumps(routed(query_extractor=lambda call: None))


def test_a_models_prompt_format_that_no_pickle_keeps_is_refused_at_pickling() -> None:
    local = FakeCompletion(completion_to_prompt=lambda text: f"[INST]{text}[/INST]")
    with pytest.raises(InvalidInputError, match="weak.completion_to_prompt must be picklable"):
        pickle.dumps(routed(weak=local))


class Choosy(FakeChat):
    """Take only some of its fields when constructed, as some providers' LLMs do."""

    def __init__(self, model: str = "choosy", api_key: str = "sk-secret") -> None:
        super().__init__(model=model, api_key=api_key)


def test_fields_that_a_model_does_not_take_when_constructed_are_kept_in_a_pickle() -> None:
    choosy = Choosy(api_key=KEY)
    choosy.window = 7
    after = pickle.loads(pickle.dumps(routed(strong=choosy)))
    assert (after.strong.window, after.strong.api_key) == (7, "sk-secret")


def test_keys_of_models_inside_models_are_not_pickled() -> None:
    structured = FakeChat(model="inner", api_key=KEY).as_structured_llm(Answer)
    dumped = pickle.dumps(routed(strong=structured, weak=routed()))
    assert KEY.encode() not in dumped
    after = pickle.loads(dumped)
    assert (after.strong.llm.model, after.weak.strong.model) == ("inner", "big")


class Secretive(FakeChat):
    """Hold keys as providers' LLMs do: in a type, by another spelling, several, and in a list."""

    watsonx: SecretStr = SecretStr("")
    apikey: str = ""
    api_keys: list[str] = []
    profiles: list[dict[str, str]] = []
    eos_token_id: int = 0
    max_tokens: int = 0


def test_a_pickle_holds_no_key_however_a_model_spells_it() -> None:
    keys: dict[str, Any] = {"watsonx": SecretStr(KEY), "apikey": KEY, "api_keys": [KEY]}
    profiles = [{"api_key": KEY, "region": "here"}]
    weak = Secretive(**keys, profiles=profiles, eos_token_id=2, max_tokens=7)
    dumped = pickle.dumps(routed(weak=weak))
    assert KEY.encode() not in dumped
    after = pickle.loads(dumped).weak
    assert (after.profiles, after.eos_token_id, after.max_tokens) == ([{"region": "here"}], 2, 7)


def test_one_model_twice_is_one_model_twice_after_pickling() -> None:
    model = FakeChat()
    with pytest.warns(SameModelWarning):
        after = pickle.loads(pickle.dumps(routed(strong=model, weak=model)))
    assert after.strong is after.weak


def test_a_copy_is_over_the_same_models() -> None:
    before = routed()
    after = copy.copy(before)
    assert after.strong is before.strong
    assert after.policy is before.policy


def test_a_deep_copy_is_over_copies_of_the_models_and_the_same_router() -> None:
    before = routed(router=Unpicklable(), threshold=0.3, system_prompt="Be brief.")
    after = copy.deepcopy(before)
    assert after.strong is not before.strong
    assert after.policy.router is before.policy.router
    assert after.complete("a").additional_kwargs == before.complete("a").additional_kwargs
