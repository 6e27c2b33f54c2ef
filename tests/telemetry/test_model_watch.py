"""model_watch.py: another model behind the same name is said, once."""

from __future__ import annotations

import copy
import logging
import pickle
import warnings
from dataclasses import replace
from pathlib import Path

import pytest

from shared_router import (
    InvalidInputError,
    ModelChangedWarning,
    ModelWatch,
    RoutingPolicy,
    for_strong_fraction,
)
from shared_router.testing import FixedRouter
from tests.telemetry.calls import a_call, an_end


def answered(watch: ModelWatch, told: str | None, *, fingerprint: str | None = None) -> None:
    call = a_call()
    watch.decided(call)
    watch.ended(call, an_end(call, provider_model=told, fingerprint=fingerprint))


def test_another_model_than_the_policy_was_made_on_is_warned_of_once() -> None:
    watch = ModelWatch({"weak": "gpt-4o-mini-2024-07-18"})
    answered(watch, "gpt-4o-mini-2024-07-18")
    with pytest.warns(ModelChangedWarning, match="what was measured or guaranteed was about another model"):
        answered(watch, "gpt-4o-mini-2026-01-01")
    for told in ("gpt-4o-mini-2026-01-01", "gpt-4o-mini-2024-07-18"):
        answered(watch, told)
    assert watch.changed() == {"weak": 1}


@pytest.mark.parametrize(
    ("expected", "told"),
    [
        ("gpt-4o", "gpt-4o-2024-08-06"),
        ("openai/gpt-4o", "gpt-4o"),
        ("GPT-4o", "gpt-4o-2024-08-06"),
        ("claude-haiku-4-5", "claude-haiku-4-5-20251001"),
        ("anthropic.claude-3-haiku", "anthropic.claude-3-haiku-20240307-v1:0"),
        ("gemini-2.5-pro", "models/gemini-2.5-pro"),
    ],
)
def test_a_name_that_says_more_is_no_other_model(expected: str, told: str) -> None:
    watch = ModelWatch({"weak": expected})
    answered(watch, told)
    assert watch.changed() == {"weak": 0}
    assert watch.expected == {"weak": told}


@pytest.mark.parametrize(
    ("expected", "told"),
    [("gpt-4o", "gpt-4o-mini"), ("gpt-4", "gpt-4o"), ("gpt-4o", "gpt-4.1"), ("llama-3-8b", "llama-3-70b")],
)
def test_a_name_that_begins_alike_is_another_model(expected: str, told: str) -> None:
    with pytest.warns(ModelChangedWarning, match=f"{expected}, and {told} answers"):
        answered(ModelWatch({"weak": expected}), told)


def test_a_snapshot_is_what_later_answers_are_compared_with() -> None:
    watch = ModelWatch({"weak": "gpt-4o"})
    answered(watch, "gpt-4o-2024-08-06")
    with pytest.warns(ModelChangedWarning, match="gpt-4o-2024-08-06, and gpt-4o-2024-11-20"):
        answered(watch, "gpt-4o-2024-11-20")


def test_where_nobody_knows_the_first_one_seen_is_kept_and_said(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    watch = ModelWatch()
    answered(watch, "gpt-4o-2024-08-06")
    assert caplog.messages == [
        "the first answers of weak are from gpt-4o-2024-08-06; later ones are compared with it"
    ]
    with pytest.warns(ModelChangedWarning):
        answered(watch, "gpt-4o-2024-11-20")


def test_a_call_that_says_no_model_or_is_not_answered_says_nothing() -> None:
    watch = ModelWatch({"weak": "gpt-4o"})
    answered(watch, None)
    call = a_call()
    watch.ended(call, an_end(call, outcome="failed", provider_model="other"))
    assert watch.changed() == {"weak": 0}


def test_fingerprints_are_kept_and_are_no_change() -> None:
    watch = ModelWatch({"weak": "gpt-4o"})
    for fingerprint in ("fp_1", "fp_2", "fp_1"):
        answered(watch, "gpt-4o", fingerprint=fingerprint)
    assert watch.fingerprints == {"weak": frozenset({"fp_1", "fp_2"})}


def test_a_copy_and_a_pickle_know_what_was_seen() -> None:
    watch = ModelWatch({"weak": "gpt-4o"})
    answered(watch, "gpt-4o-2024-08-06")
    for again in (copy.deepcopy(watch), pickle.loads(pickle.dumps(watch))):
        assert again.expected == {"weak": "gpt-4o-2024-08-06"}
        with pytest.warns(ModelChangedWarning):
            answered(again, "gpt-4o-2024-11-20")
    assert watch.changed() == {"weak": 0}


def test_names_without_end_fill_no_memory_and_warn_of_a_hundred() -> None:
    watch = ModelWatch({"weak": "gpt-4o"})
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        for number in range(300):
            answered(watch, f"model {number}", fingerprint=f"fp_{number}")
    assert len(said) == 100
    assert len(watch.fingerprints["weak"]) == 100


def test_a_policy_says_which_models_it_was_made_on_also_from_its_file(tmp_path: Path) -> None:
    choice = for_strong_fraction(None, None, 0.5, scores=[0.1, 0.4, 0.6, 0.9])
    assert choice.measured_models == {}
    named = {"strong": "gpt-4o-2024-08-06", "weak": "gpt-4o-mini-2024-07-18"}
    policy = RoutingPolicy(FixedRouter(0.7), threshold=replace(choice, measured_models=named))
    assert ModelWatch(policy).expected == named
    policy.save(tmp_path / "policy.json")
    again = RoutingPolicy.load(tmp_path / "policy.json", router=FixedRouter(0.7))
    assert ModelWatch(again).expected == named
    assert ModelWatch(RoutingPolicy(FixedRouter(0.7))).expected == {}


@pytest.mark.parametrize("wrong", [3, "gpt-4o", {"weak": 3}])
def test_what_is_neither_names_nor_a_policy_is_refused(wrong: object) -> None:
    with pytest.raises(InvalidInputError, match="made_on must be names by name, a policy or None"):
        ModelWatch(wrong)  # type: ignore[arg-type]
