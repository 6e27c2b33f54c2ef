"""What LlamaIndex's ingestion cache knows a routed LLM by."""

import subprocess
import sys
from pathlib import Path
from typing import Any

from llama_index.core.extractors import SummaryExtractor
from llama_index.core.ingestion import IngestionCache, IngestionPipeline
from llama_index.core.ingestion.pipeline import get_transformation_hash
from llama_index.core.schema import TextNode
from pydantic import BaseModel
from typing_extensions import override

from llamaindex_routellm import RoutedLLM
from shared_router import RoutingPolicy, TokenPrices
from shared_router.routers.random import RandomRouter
from shared_router.testing import FixedRouter
from tests.llamaindex.fakes import FakeChat, FakeCompletion, models
from tests.three_tiers import ThreeTiers


def cache_key(routed: Any) -> str:
    nodes = [TextNode(text="hello", id_="1")]
    return get_transformation_hash(nodes, SummaryExtractor(llm=routed, num_workers=1, show_progress=False))


def routed(**changes: Any) -> RoutedLLM:
    return RoutedLLM(**models(**{"router": "static-v1", **changes}))


def test_equal_llms_share_a_cache_and_a_key_is_no_difference() -> None:
    assert cache_key(routed()) == cache_key(routed())
    assert cache_key(routed(weak=FakeChat(model="small", api_key="sk-other"))) == cache_key(routed())
    assert cache_key(routed(router=FixedRouter(0.2))) == cache_key(routed(router=FixedRouter(0.2)))
    assert cache_key(routed(router=None)) != "", "the default is known without a name"


class Curious(RoutingPolicy):
    """Decide as ever, but for who asks."""

    @override
    def choose(self, win_probability: float, threshold: float, candidates: tuple[str, ...]) -> str:
        return "weak"


def question(call: object) -> str:
    return "mine"


def other_question(call: object) -> str:
    return "other"


DIFFERENCES: dict[str, dict[str, Any]] = {
    "strong": {"strong": FakeChat(model="bigger")},
    "weak": {"weak": FakeChat(model="smaller")},
    "class": {"weak": FakeCompletion(model="small")},
    "setting": {"weak": FakeChat(model="small", window=99)},
    "swapped": {"strong": FakeChat(model="small"), "weak": FakeChat(model="big")},
    "format": {"weak": FakeChat(model="small", completion_to_prompt=lambda text: f"[{text}]")},
    "threshold": {"threshold": 0.35},
    "on_no_query": {"on_no_query": "weak"},
    "on_ingestion": {"on_ingestion": "weak"},
    "on_evaluation": {"on_evaluation": "weak"},
    "on_router_error": {"on_router_error": "weak"},
    "on_no_coverage": {"on_no_coverage": "weak"},
    "query_keys": {"query_keys": ["context_str"]},
    "query_extractor": {"query_extractor": question},
    "other extractor": {"query_extractor": other_question},
    "capabilities": {"capabilities": {"weak": []}},
    "context_window": {"context_window": "strong"},
    "system_prompt": {"system_prompt": "Be brief."},
    "random router": {"router": RandomRouter(3)},
    "another seed": {"router": RandomRouter(4)},
    "router": {"router": FixedRouter(0.2)},
    "another value": {"router": FixedRouter(0.9)},
    "a function": {"router": FixedRouter(lambda query: 0.2)},
    "another function": {"router": FixedRouter(lambda query: 0.9)},
    "policy": {"router": None, "policy": RoutingPolicy(FixedRouter(0.2))},
    "policy's threshold": {"router": None, "policy": RoutingPolicy(FixedRouter(0.2), threshold=0.1)},
    "policy's class": {"router": None, "policy": Curious(FixedRouter(0.2))},
    "policy's router": {"router": None, "policy": RoutingPolicy("static-v1")},
}


def test_llms_that_may_answer_differently_never_share_a_cache() -> None:
    keys = {name: cache_key(routed(**changes)) for name, changes in DIFFERENCES.items()}
    keys["none"] = cache_key(routed())
    assert len(set(keys.values())) == len(keys)


def test_models_of_other_names_and_numbers_differ() -> None:
    three = {
        "strong": FakeChat(model="big"),
        "medium": FakeChat(model="mid"),
        "weak": FakeChat(model="small"),
    }
    one = RoutedLLM(models=three, policy=ThreeTiers(FixedRouter(0.5)))
    other = RoutedLLM(models={**three, "medium": FakeChat(model="x")}, policy=ThreeTiers(FixedRouter(0.5)))
    assert len({cache_key(one), cache_key(other), cache_key(routed())}) == 3


def test_a_routed_llm_inside_another_counts() -> None:
    inner, other = routed(threshold=0.2), routed(threshold=0.3)
    assert cache_key(routed(weak=inner)) != cache_key(routed(weak=other))


class Author(BaseModel):
    """Who wrote it."""

    name: str


class Title(BaseModel):
    """What it is called."""

    name: str


def test_structured_llms_differ_by_their_models_and_by_what_they_answer_with() -> None:
    authors = routed().as_structured_llm(Author)
    assert cache_key(authors) == cache_key(routed().as_structured_llm(Author))
    assert cache_key(authors) != cache_key(routed().as_structured_llm(Title))
    assert cache_key(authors) != cache_key(routed(threshold=0.2).as_structured_llm(Author))


def test_a_changed_threshold_and_a_block_that_steers_count() -> None:
    llm = routed(threshold=0.2)
    before = cache_key(llm)
    with llm.override(route="weak"):
        assert cache_key(llm) != before
    assert cache_key(llm) == before
    llm.policy.threshold = 0.4
    assert cache_key(llm) != before


def test_a_folders_content_counts_and_not_its_name_alone(tmp_path: Path) -> None:
    RandomRouter(3).save(tmp_path)
    before = cache_key(routed(router=tmp_path))
    assert cache_key(routed(router=str(tmp_path))) == before
    RandomRouter(4).save(tmp_path, overwrite=True)
    assert cache_key(routed(router=tmp_path)) != before


def test_the_same_settings_have_one_key_in_every_process() -> None:
    program = "from tests.llamaindex.test_fingerprint import cache_key, routed; print(cache_key(routed()))"
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.strip() == cache_key(routed())


def test_the_cache_gives_no_llm_another_ones_summary() -> None:
    cache, summaries = IngestionCache(), []
    for name in ("one", "two", "one"):
        llm = routed(strong=FakeChat(model=name), on_ingestion="strong")
        steps: Any = [SummaryExtractor(llm=llm, num_workers=1, show_progress=False)]
        pipeline = IngestionPipeline(transformations=steps, cache=cache)
        summaries.append(pipeline.run(nodes=[TextNode(text="hello", id_="1")])[0].metadata["section_summary"])
    assert summaries == ["one says so", "two says so", "one says so"]


def test_what_changes_no_answer_changes_no_key() -> None:
    assert cache_key(routed(prices={"weak": TokenPrices(1.0, 2.0)}, cache_size=7)) == cache_key(routed())
