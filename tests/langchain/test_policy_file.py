"""A policy file in the place of a router and a threshold, through every routed thing of LangChain."""

import copy
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from langchain_core.language_models import FakeListChatModel

from langchain_routellm import RoutedChatModel, RoutedRunnable, RouteLLMMiddleware, RouteLLMRouter
from shared_router import ArtifactCorruptError, InvalidInputError, RoutingPolicy

STRONG, WEAK = FakeListChatModel(responses=["strong"]), FakeListChatModel(responses=["weak"])
MADE: list[Callable[..., Any]] = [
    lambda **rules: RoutedChatModel(strong=STRONG, weak=WEAK, **rules),
    lambda **rules: RoutedRunnable(strong=STRONG, weak=WEAK, **rules),
    lambda **rules: RouteLLMRouter(**rules),
    lambda **rules: RouteLLMMiddleware(strong=STRONG, weak=WEAK, **rules),
]


@pytest.fixture
def file(tmp_path: Path) -> tuple[Path, str]:
    path = tmp_path / "policy.json"
    return path, RoutingPolicy(threshold=0.12).save(path)


@pytest.mark.parametrize("make", MADE)
def test_a_policy_is_given_as_a_path_or_an_object(make: Callable[..., Any], file: tuple[Path, str]) -> None:
    path, sha256 = file
    given = [path, str(path), RoutingPolicy.load(path)]
    assert [make(policy=each).policy.threshold for each in given] == [0.12] * 3
    assert make(policy=path, expected_sha256=sha256).policy.threshold == 0.12
    with pytest.raises(ArtifactCorruptError, match="SHA-256"):
        make(policy=path, expected_sha256="0" * 64)


@pytest.mark.parametrize("make", MADE)
@pytest.mark.parametrize(
    "beside", [{"threshold": 0.5}, {"strong_fraction": 0.3}, {"router": "static-v1"}, {"on_no_query": "weak"}]
)
def test_a_policy_stands_beside_nothing_that_it_says(
    make: Callable[..., Any], file: tuple[Path, str], beside: dict[str, Any]
) -> None:
    with pytest.raises(InvalidInputError, match="policy must come without"):
        make(policy=file[0], **beside)


@pytest.mark.parametrize("make", MADE)
def test_a_half_written_policy_is_refused(make: Callable[..., Any], file: tuple[Path, str]) -> None:
    file[0].write_bytes(file[0].read_bytes()[:100])
    with pytest.raises(ArtifactCorruptError, match="half written"):
        make(policy=file[0])


def test_a_model_keeps_its_policy_through_copies_where_the_file_is_gone(file: tuple[Path, str]) -> None:
    path, sha256 = file
    model = RoutedChatModel(strong=STRONG, weak=WEAK, policy=path, expected_sha256=sha256)
    path.unlink()
    bound = model.with_config(tags=["x"])
    for each in (model, copy.deepcopy(model), pickle.loads(pickle.dumps(model)), model.model_copy()):
        assert each.policy.threshold == 0.12
    assert bound.invoke("What is 2+2?").response_metadata["routellm"]["threshold"] == 0.12
    model.sticky = False
    model.on_no_query = "strong"
    assert model.policy.threshold == 0.12


def test_a_policy_file_may_be_assigned(file: tuple[Path, str]) -> None:
    model = RoutedChatModel(strong=STRONG, weak=WEAK)
    model.policy = file[0]  # type: ignore[misc, assignment]
    assert model.policy.threshold == 0.12
