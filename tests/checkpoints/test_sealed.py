"""checkpoints/sealed.py: a changed setting is found, and whole ones come back."""

import json
import random
from pathlib import Path
from typing import Any

import pytest

from shared_router import Artifact, ArtifactCorruptError, ArtifactError, ArtifactSchemaError
from shared_router.checkpoints.config import CONFIG
from shared_router.checkpoints.sealed import sealed, unsealed
from shared_router.plans.many_models import ManyModelsPolicy
from tests.plans.test_many_models import policy
from tests.predictors.axes import Axes

SETTINGS = {"weight": 0.05, "models": ["a", "b"], "none": None, "deep": {"n": 3}}


def test_what_was_sealed_comes_back() -> None:
    assert unsealed(sealed(Artifact("kind", SETTINGS, {}))) == Artifact("kind", SETTINGS, {})


@pytest.mark.parametrize("change", [{"weight": 0.06}, {"models": ["a"]}, {"more": 1}, {"seal": None}])
def test_a_change_is_found(change: dict[str, Any]) -> None:
    found = sealed(Artifact("kind", SETTINGS, {}))
    with pytest.raises(ArtifactCorruptError, match="settings must be those that were saved"):
        unsealed(Artifact("kind", {**found.settings, **change}, {}))
    with pytest.raises(ArtifactCorruptError):
        unsealed(Artifact("kind", SETTINGS, {}))


def test_what_is_no_json_is_not_sealed() -> None:
    with pytest.raises(ArtifactSchemaError, match="plain JSON"):
        sealed(Artifact("kind", {"weight": object()}, {}))


def test_a_policy_with_a_changed_byte_is_refused_or_the_same(tmp_path: Path) -> None:
    """Each digit of a price, a weight and a name stands in config.json, which no other file vouches for."""
    policy(dollar_weight=0.125).save(tmp_path / "policy")
    config = tmp_path / "policy" / CONFIG
    whole, dice = config.read_bytes(), random.Random(0)
    same = json.loads(whole)
    for _ in range(300):
        changed = bytearray(whole)
        changed[dice.randrange(len(whole))] = dice.randrange(32, 127)
        config.write_bytes(changed)
        try:
            ManyModelsPolicy.load(tmp_path / "policy", embedder=Axes())
        except ArtifactError:
            continue
        assert json.loads(bytes(changed)) == same
