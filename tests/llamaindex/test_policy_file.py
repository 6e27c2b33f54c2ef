"""A policy file in the place of a router and a threshold, through a routed LLM."""

import copy
import json
import pickle
from pathlib import Path
from typing import Any

import pytest
from llama_index.core.llms import MockLLM

from llamaindex_routellm import RoutedLLM
from shared_router import ArtifactCorruptError, InvalidInputError, RoutingPolicy


@pytest.fixture
def file(tmp_path: Path) -> tuple[Path, str]:
    path = tmp_path / "policy.json"
    return path, RoutingPolicy(threshold=0.12).save(path)


def routed(**rules: Any) -> RoutedLLM:
    return RoutedLLM(strong=MockLLM(), weak=MockLLM(), **rules)


def test_a_policy_is_given_as_a_path_or_an_object(file: tuple[Path, str]) -> None:
    path, sha256 = file
    assert [routed(policy=each).threshold for each in (path, str(path), RoutingPolicy.load(path))] == [
        0.12
    ] * 3
    assert routed(policy=path, expected_sha256=sha256).threshold == 0.12
    with pytest.raises(ArtifactCorruptError, match="SHA-256"):
        routed(policy=path, expected_sha256="0" * 64)


@pytest.mark.parametrize("beside", [{"threshold": 0.5}, {"strong_fraction": 0.3}, {"router": "static-v1"}])
def test_a_policy_stands_beside_nothing_that_it_says(file: tuple[Path, str], beside: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError, match="must be left to the policy"):
        routed(policy=file[0], **beside)


def test_a_half_written_policy_is_refused(file: tuple[Path, str]) -> None:
    file[0].write_bytes(file[0].read_bytes()[:100])
    with pytest.raises(ArtifactCorruptError, match="half written"):
        routed(policy=file[0])


def test_an_llm_keeps_its_policy_through_copies_where_the_file_is_gone(file: tuple[Path, str]) -> None:
    llm = routed(policy=file[0], expected_sha256=file[1])
    file[0].unlink()
    for each in (copy.deepcopy(llm), pickle.loads(pickle.dumps(llm)), llm.model_copy()):
        assert each.threshold == 0.12
        assert each.complete("What is 2+2?").additional_kwargs["routellm"]["threshold"] == 0.12


def test_a_state_names_the_policy_file(file: tuple[Path, str]) -> None:
    data = json.loads(json.dumps(routed(policy=file[0], expected_sha256=file[1]).to_dict()))
    assert data["settings"]["policy"] == str(file[0])
    assert RoutedLLM.from_dict(data).threshold == 0.12


def test_another_policy_has_another_fingerprint(file: tuple[Path, str], tmp_path: Path) -> None:
    RoutingPolicy(threshold=0.13).save(tmp_path / "other.json")
    one, same, other = (
        routed(policy=path).model_dump()["fingerprint"]
        for path in (file[0], file[0], tmp_path / "other.json")
    )
    assert one == same != other
