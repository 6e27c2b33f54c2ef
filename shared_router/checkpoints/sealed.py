"""Settings that say whether they are whole: their own hash among them.

A checkpoint's `config.json` holds the hash of every other file and none of itself, so that a digit of a price
or a weight may change unseen. A seal finds damage, not an attacker, who writes a new one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from shared_router.checkpoints.artifact import Artifact
from shared_router.errors import ArtifactCorruptError, ArtifactSchemaError

SEAL = "seal"


def sealed(artifact: Artifact) -> Artifact:
    """Return an artifact whose settings hold their hash.

    Raises:
        ArtifactSchemaError: If the settings are no plain JSON.
    """
    return replace(artifact, settings={**artifact.settings, SEAL: _hash_of(artifact.settings)})


def unsealed(artifact: Artifact) -> Artifact:
    """Return an artifact without its seal, once the seal has been found whole.

    Raises:
        ArtifactCorruptError: If there is none, or it is of other settings.
    """
    settings = {name: value for name, value in artifact.settings.items() if name != SEAL}
    if artifact.settings.get(SEAL) != _hash_of(settings):
        raise ArtifactCorruptError("config.json's settings must be those that were saved; save it again")
    return replace(artifact, settings=settings)


def _hash_of(settings: Mapping[str, Any]) -> str:
    try:
        plain = json.dumps(dict(settings), sort_keys=True, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise ArtifactSchemaError("settings must be plain JSON values, numbers finite") from error
    return hashlib.sha256(plain.encode()).hexdigest()
