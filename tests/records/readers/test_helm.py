"""records/readers/helm.py: HELM's runs."""

import shutil
from pathlib import Path

from shared_router import read_outcomes
from tests.records.fixtures import FOLDER, PROMPTS, column, of_first, read


def test_runs_are_joined_by_scenario_and_instance_with_their_grades() -> None:
    reading = read("helm")
    outcomes = reading.outcomes
    assert (reading.formats, outcomes.models) == (("helm",), ("meta/llama-3-8b", "openai/gpt-4"))
    assert list(outcomes.prompts) == PROMPTS[:2]
    assert column(outcomes, "score", "meta/llama-3-8b") == [0, 1]
    assert of_first(outcomes, "openai/gpt-4") == {
        "score": 1,
        "input_tokens": 20,
        "output_tokens": 1,
        "latency_ms": 1500,
    }
    assert outcomes.answers("openai/gpt-4") == ["4", "4"]
    assert outcomes.domains == ["sums,level=easy"] * 2
    assert reading.left_out == {"a perturbed copy of a prompt": 2}


def test_a_folder_that_names_no_model_takes_it_from_the_requests(tmp_path: Path) -> None:
    shutil.copytree(FOLDER / "helm" / "sums,level=easy,model=openai_gpt-4", tmp_path / "run")
    outcomes = read_outcomes(tmp_path).outcomes
    assert outcomes.models == ("openai/gpt-4",)
    assert column(outcomes, "score", "openai/gpt-4") == [1, 1]
