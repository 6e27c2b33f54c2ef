"""The policy object: what it refuses, and that it is a value."""

import copy
import pickle
from typing import Any

import pytest

from shared_router import InvalidInputError, Resilience


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"timeout": 0}, "timeout must be seconds > 0 or None, got 0"),
        ({"timeout": float("nan")}, "timeout must be seconds > 0 or None, got nan"),
        ({"timeout": {"strong": -1}}, "timeout of strong must be seconds > 0 or None, got -1"),
        ({"timeout": "5"}, "timeout must be seconds > 0 or None, got '5'"),
        ({"deadline": float("inf")}, "deadline must be seconds > 0 or None, got inf"),
        ({"deadline": True}, "deadline must be seconds > 0 or None, got True"),
        ({"max_attempts": 0}, "max_attempts must be a whole number >= 1, got 0"),
        ({"max_attempts": 1.5}, "max_attempts must be a whole number >= 1, got 1.5"),
        ({"failures": 0}, "failures must be a whole number >= 1, got 0"),
        ({"window": 0}, "window must be seconds > 0, got 0"),
        ({"open_seconds": -1.0}, "open_seconds must be >= 0, got -1.0"),
        ({"refusals": 1}, "refusals must be True or False, got 1"),
        ({"moves_on": "ever"}, "moves_on must be a function or None, got str"),
        ({"order": "weak"}, "order must be a list of models' names, got str"),
    ],
)
def test_an_argument_outside_its_rule_is_refused(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidInputError) as raised:
        Resilience(**arguments)
    assert str(raised.value).startswith(words)


def test_it_is_a_value_that_can_be_compared_copied_and_pickled() -> None:
    given = Resilience(timeout={"strong": 5.0}, deadline=20.0, order=("weak", "strong"))
    assert copy.deepcopy(given) == pickle.loads(pickle.dumps(given)) == given
    assert given != Resilience()


def test_a_timeout_is_every_models_or_each_models_own() -> None:
    assert Resilience(timeout=5.0).timeout_of("weak") == 5.0
    assert Resilience(timeout={"strong": 5.0}).timeout_of("weak") is None
    assert Resilience(timeout={"strong": 5.0}).timeout_of("strong") == 5.0
