"""What a first user gets wrong is refused with an error of ours that says what to do, and echoes no text."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shared_router import (
    Agreement,
    AskingLimits,
    CachedEmbedder,
    Cascade,
    Check,
    ClustersPredictor,
    DataError,
    Deadline,
    FrugalScorer,
    GenFuser,
    InvalidInputError,
    OnlineRouter,
    Outcomes,
    PairRanker,
    PreferenceData,
    RouterError,
    RouteThenCascade,
    RoutingPolicy,
    RoutingRequest,
    TokenPrices,
    TrimmedEmbedder,
    battles_from_judge,
    battles_from_scores,
    load_artifact,
    load_embedder,
    load_router,
    mix_preferences,
    read_outcomes,
    router_class,
    split_preferences,
    tier_pair,
    win_labels,
    without_queries,
)
from shared_router.routers.bert import BertRouter
from shared_router.routers.causal_lm import CausalLMRouter
from shared_router.routers.knn import KNNRouter
from shared_router.routers.local import LocalRouter
from shared_router.routers.matrix_factorization import MatrixFactorizationRouter
from shared_router.routers.random import RandomRouter
from shared_router.routers.similarity_weighted import SimilarityWeightedRouter
from shared_router.routers.static import StaticRouter
from shared_router.testing import FixedRouter, HashEmbedder
from shared_router.training.recipe import FineTuning

ROUTERS: list[Callable[[], Any]] = [load_router, RandomRouter, lambda: FixedRouter(0.5), KNNRouter]


@pytest.mark.parametrize("make", ROUTERS)
def test_one_text_where_a_list_is_meant_is_refused(make: Callable[[], Any]) -> None:
    for one in ("hello", b"hello"):
        with pytest.raises(InvalidInputError, match="queries must be a list of texts, got one"):
            make().win_probability(one)


@pytest.mark.parametrize("make", ROUTERS)
@pytest.mark.parametrize("wrong", [[None], [3], ["a", b"b"], 3, None, iter(["a"])], ids=str)
def test_what_is_no_text_is_refused(make: Callable[[], Any], wrong: Any) -> None:
    with pytest.raises(InvalidInputError, match="queries must be"):
        make().win_probability(wrong)


@pytest.mark.parametrize("texts", [["a"], ("a",), np.array(["a"]), np.array(["a"], dtype=object)], ids=type)
def test_every_kind_of_list_of_texts_is_one(texts: Any) -> None:
    assert RandomRouter().win_probability(texts).shape == (1,)


def test_one_text_where_requests_are_meant_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="requests must be a list, got one text"):
        RoutingPolicy(RandomRouter()).decide_many("hello")


@pytest.mark.parametrize("question", [3, b"hello", ["hello"], RoutingRequest])
def test_a_question_that_is_no_text_is_refused(question: Any) -> None:
    for request in (question, RoutingRequest(question)):
        with pytest.raises(InvalidInputError, match="a question must be text or None"):
            RoutingPolicy(RandomRouter()).decide(request)


class Frame:
    """Stand for a frame."""


FITS: list[Callable[[Any], Any]] = [
    lambda data: KNNRouter().fit(data),
    lambda data: SimilarityWeightedRouter().fit(data),
    lambda data: MatrixFactorizationRouter().fit(data),
    lambda data: StaticRouter().fit(data),
    lambda data: win_labels(data, ties="half"),
    lambda data: tier_pair(data, strong={"a"}, weak={"b"}),
]


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize("data", [Frame(), [{"query": "a"}], None, PreferenceData], ids=str)
def test_a_fit_on_what_are_no_battles_says_how_to_make_them(fit: Callable[[Any], Any], data: Any) -> None:
    with pytest.raises(InvalidInputError, match=r"must be given PreferenceData, got .*from_rows"):
        fit(data)


@pytest.mark.parametrize("price", ["2.5", None, True, 1j, [1]])
def test_a_price_that_is_no_number_is_refused(price: Any) -> None:
    with pytest.raises(InvalidInputError, match="must be dollars >= 0"):
        TokenPrices(price, "1")  # type: ignore[arg-type]


@pytest.mark.parametrize("router", [KNNRouter, SimilarityWeightedRouter, MatrixFactorizationRouter])
def test_a_class_where_its_object_is_meant_says_so(router: Any) -> None:
    with pytest.raises(
        InvalidInputError, match="embedder must be an object with embed.*the class HashEmbedder"
    ):
        router(HashEmbedder)
    with pytest.raises(InvalidInputError, match="router must be a Router.*the class"):
        RoutingPolicy(router)


def test_battles_show_how_many_there_are_and_whose() -> None:
    data = PreferenceData(["secret", "b"], ["gpt", "gpt"], ["mix", "llama"], ["a", "b"])
    assert repr(data) == "PreferenceData(2 battles of 3 models: gpt, llama, mix)"
    many = PreferenceData(["q"] * 6, ["a"] * 6, list("bcdefg"), ["a"] * 6)
    assert repr(many) == "PreferenceData(6 battles of 7 models: a, b, c, d and 3 more)"


@pytest.mark.parametrize("column", ["queries", "model_a", "model_b", "winners"])
def test_one_text_where_a_column_is_meant_is_refused(column: str) -> None:
    columns: dict[str, Any] = {"queries": ["q"], "model_a": ["x"], "model_b": ["y"], "winners": ["a"]}
    with pytest.raises(InvalidInputError, match=f"{column} must be a list, got one str"):
        PreferenceData(**{**columns, column: "a"})


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("graded.csv", "query,strong_score,weak_score\nq,1,0\n"),
        ("graded.jsonl", '{"query": "q", "strong_score": 1, "weak_score": 0}\n'),
        ("by_model.csv", "query,gpt-4,mixtral\nq,1,0\n"),
        ("by_model.jsonl", '{"query": "q", "gpt-4": 1, "mixtral": 0}\n'),
        ("by_model.json", '[{"query": "q", "gpt-4": 1, "mixtral": 0}]'),
    ],
)
def test_a_file_of_grades_is_told_where_it_goes(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(DataError, match="from_correctness"):
        PreferenceData.from_file(tmp_path / name)


SECRETS = ["sk-proj-abcdefgh", "Summarise the contract between Alice and Bob", "x" * 100]


@pytest.mark.parametrize("secret", SECRETS)
def test_no_error_echoes_what_may_be_a_prompt_or_a_key(secret: str) -> None:
    policy = RoutingPolicy(RandomRouter())
    wrongs: list[Callable[[], Any]] = [
        lambda: policy.decide(RoutingRequest("x", route=secret)),
        lambda: RoutingPolicy(RandomRouter(), on_router_error=secret),
        lambda: RoutingPolicy(RandomRouter(), threshold=secret),  # type: ignore[arg-type]
        lambda: RoutingPolicy(RandomRouter(), strong_fraction=secret),  # type: ignore[arg-type]
        lambda: KNNRouter(vote=secret),  # type: ignore[arg-type]
        lambda: TokenPrices(secret, 1),  # type: ignore[arg-type]
        lambda: RandomRouter().win_probability(secret),
    ]
    for wrong in wrongs:
        with pytest.raises(InvalidInputError) as refused:
            wrong()
        assert not re.search(re.escape(secret), str(refused.value))


WRONG: dict[str, Any] = {
    "None": None,
    "text": "sk-secret what is my salary",
    "number": 7.5,
    "huge": 10**400,
    "nan": float("nan"),
    "bytes": b"sk-secret",
    "list of None": [None],
    "mapping": {"sk-secret": "sk-secret"},
    "class": RoutingPolicy,
    "object": object(),
    "array": np.zeros((2, 2)),
}
"""What stands in an argument's place by mistake, one of each kind."""
BATTLES = PreferenceData(["a", "b"], ["strong"] * 2, ["weak"] * 2, ["a", "b"])
GRADED = Outcomes.from_columns(["a", "b"], {"strong": [1.0, 1.0], "weak": [0.0, 1.0]})
MANY = PreferenceData([str(n) for n in range(40)], ["a"] * 40, ["b"] * 40, ["a"] * 40)
EMBEDDER = HashEmbedder(4)
CALLS: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
    "KNNRouter": (KNNRouter, {"embedder": EMBEDDER, "k": 1, "vote": "uniform", "ties": "weak"}),
    "KNNRouter.fit": (KNNRouter(EMBEDDER).fit, {"preferences": BATTLES, "embeddings": None}),
    "SimilarityWeightedRouter": (SimilarityWeightedRouter, {"gamma": 10.0, "n_tiers": None, "ties": "weak"}),
    "MatrixFactorizationRouter": (MatrixFactorizationRouter, {"dim": 8, "ties": "weak"}),
    "RandomRouter": (lambda seed: RandomRouter(seed).win_probability(["a"]), {"seed": 0}),
    "coverage": (load_router().coverage, {"queries": ["a"]}),
    "save": (KNNRouter(EMBEDDER).fit(BATTLES).save, {"folder": "/"}),
    "load": (KNNRouter.load, {"folder": "/none", "expected_sha256": None}),
    "load_router": (load_router, {"router": None, "expected_sha256": None}),
    "load_embedder": (load_embedder, {"name": "minilm-static-v1"}),
    "load_artifact": (load_artifact, {"folder": "/none", "expected_sha256": None}),
    "router_class": (router_class, {"name": "knn"}),
    "RoutingPolicy": (
        RoutingPolicy,
        {"router": RandomRouter(), "threshold": None, "on_router_error": "strong", "router_timeout": 1.0},
    ),
    "decide_many": (RoutingPolicy(RandomRouter()).decide_many, {"requests": ["a"]}),
    "LocalRouter": (lambda **given: repr(LocalRouter(**given)), {"embedder": EMBEDDER, "prior": None}),
    "OnlineRouter": (lambda **given: repr(OnlineRouter(**given)), {"embedder": EMBEDDER}),
    "decide": (
        lambda **given: RoutingPolicy(RandomRouter()).decide(RoutingRequest("q", **given)),
        {"threshold": 0.5, "route": "strong", "candidates": ("strong",), "win_probability": 0.5},
    ),
    "mix_preferences": (mix_preferences, {"sets": [(BATTLES, 1.0)]}),
    "read_outcomes": (lambda path: read_outcomes(path), {"path": "none.csv"}),
    "RouteThenCascade": (
        RouteThenCascade,
        {"policy": RoutingPolicy(RandomRouter()), "cascade": Cascade(lambda _q, _a: 0.5)},
    ),
    "Check": (Check, {"function": lambda _q, _a: 0.5}),
    "Deadline": (Deadline, {"seconds": 1.0}),
    "AskingLimits": (AskingLimits, {"concurrency": 1, "timeout_s": 1.0, "retries": 0, "dollars": None}),
    "Agreement": (Agreement, {"n_answers": 2, "nearness": 0.5}),
    "TrimmedEmbedder": (TrimmedEmbedder, {"embedder": EMBEDDER, "trim": 0.1}),
    "CachedEmbedder": (
        CachedEmbedder,
        {"embedder": EMBEDDER, "path": "cache.db", "identity": "x", "key": b"", "max_bytes": 1024},
    ),
    "ClustersPredictor": (ClustersPredictor, {"embedder": EMBEDDER, "n_clusters": 2, "prior": 1.0}),
    "PreferenceData": (
        PreferenceData,
        {"queries": ["q"], "model_a": ["x"], "model_b": ["y"], "winners": ["a"], "weights": None},
    ),
    "from_correctness": (
        PreferenceData.from_correctness,
        {"queries": ["q"], "strong_scores": [1.0], "weak_scores": [0.0]},
    ),
    "from_file": (PreferenceData.from_file, {"path": "none.txt", "max_row_bytes": 10}),
    "select": (BATTLES.select, {"rows": [0]}),
    "to_jsonl": (BATTLES.to_jsonl, {"path": "/dev/null"}),
    "battles_from_scores": (
        battles_from_scores,
        {"queries": ["q", "q"], "models": ["a", "b"], "scores": [1.0, 0.0], "pairs": None},
    ),
    "battles_from_judge": (
        lambda **columns: battles_from_judge(judge=lambda _: "[[A]]", progress=False, **columns),
        {"queries": ["q"], "answers_a": ["a"], "answers_b": ["b"], "max_bad_fraction": 0.1},
    ),
    "split_preferences": (
        split_preferences,
        {"preferences": MANY, "validation_fraction": 0.5, "seed": 0},
    ),
    "without_queries": (without_queries, {"preferences": BATTLES, "queries": ["a"]}),
    "win_labels": (win_labels, {"preferences": BATTLES, "ties": "half", "class_weights": None}),
    "FineTuning": (FineTuning, {"learning_rate": 0.1, "max_steps": 1, "seed": 0}),
    "PairRanker": (PairRanker, {"encoder": None, "recipe": None, "device": None, "layers": None}),
    "GenFuser": (GenFuser, {"model": None, "recipe": FineTuning(), "device": None, "dtype": None}),
    "FrugalScorer": (FrugalScorer, {"encoder": None, "recipe": None, "device": None, "layers": None}),
    "BertRouter": (BertRouter, {"encoder": None, "recipe": None, "device": None, "max_length": 8}),
    "CausalLMRouter": (CausalLMRouter, {"model": None, "recipe": FineTuning(), "lora": None, "dtype": None}),
}
"""By a name what is called, and arguments of which each is replaced in turn."""
PATHS = ("folder", "path", "router")
"""What is shown as it was given, for a missing folder must be found."""
EITHER = [(call, argument) for call, (_, arguments) in CALLS.items() for argument in arguments]


@pytest.mark.parametrize(("call", "argument"), EITHER)
@pytest.mark.parametrize("wrong", WRONG)
def test_an_argument_of_any_other_kind_does_or_is_refused_with_an_error_of_ours(
    call: str, argument: str, wrong: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No TypeError of a comparison within, no overflow, no truth of an array; and nothing of it is shown."""
    monkeypatch.chdir(tmp_path)
    function, arguments = CALLS[call]
    said = ""
    try:
        function(**{**arguments, argument: WRONG[wrong]})
    except RouterError as refused:
        said = str(refused)
    assert argument in PATHS or "sk-secret" not in said
