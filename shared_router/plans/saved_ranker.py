"""Rankers as checkpoints: the folder of a router, of kind `ranker/...`, with a probe of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import numpy as np

from shared_router.checkpoints.artifact import Artifact, load_artifact, save_artifact
from shared_router.checkpoints.sealed import sealed, unsealed
from shared_router.errors import ArtifactSchemaError, InvalidInputError, ScorerOutputError
from shared_router.plans.comparing import Comparing

PROBE = (
    ("How many apples are 3 boxes of 12?", "3 * 12 = 36 apples.", "It might be 15."),
    ("", "x", ""),
)
"""Questions with two answers each that `save` records the comparisons of and `load` asks again."""

_TOLERANCE = 1e-4
_MAX_BYTES = 1 << 34  # DeBERTa-v3 large is 1.7 GB

R = TypeVar("R", bound=Comparing)


def save_ranker(folder: str | Path, ranker: Comparing, artifact: Artifact, *, overwrite: bool) -> str:
    """Write a ranker as a checkpoint, with its comparisons of the probe.

    Args:
        folder: Where to write.
        ranker: The ranker; its `name` is the kind.
        artifact: What makes it again.
        overwrite: Whether to replace a checkpoint that is there.

    Returns:
        The SHA-256 that pins the checkpoint.

    Raises:
        ArtifactError: As `save_artifact`.
    """
    settings = {**artifact.settings, "probe": _probed(ranker)}
    kept = replace(artifact, kind=f"ranker/{ranker.name}", settings=settings)
    return save_artifact(folder, sealed(kept), overwrite=overwrite)


def read_ranker(
    folder: str | Path, name: str, build: Callable[[Artifact], R], expected_sha256: str | None
) -> R:
    """Read a checkpoint, build the ranker, and ask it the probe.

    Args:
        folder: The checkpoint.
        name: The ranker's name.
        build: Makes it of what was saved.
        expected_sha256: The hash that `save_ranker` returned, or None.

    Raises:
        ArtifactError: As `load_artifact`; and if it is another kind's, makes no ranker, or does not compare
            the probe as the saved one did.
    """
    artifact = load_artifact(folder, expected_sha256=expected_sha256, max_bytes=_MAX_BYTES)
    if artifact.kind != f"ranker/{name}":
        raise ArtifactSchemaError(f"a checkpoint must be of kind ranker/{name}, got {artifact.kind!r}")
    settings = dict(unsealed(artifact).settings)
    probe = settings.pop("probe", None)
    try:
        ranker = build(replace(artifact, settings=settings))
        as_saved = np.allclose(_probed(ranker), probe, rtol=0.0, atol=_TOLERANCE)
    except (InvalidInputError, ScorerOutputError) as error:  # ours: it says which rule
        raise ArtifactSchemaError(f"the checkpoint must make a {name}, but {error}") from error
    # settings of a wrong type may show only when they are used
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise ArtifactSchemaError(f"the checkpoint's settings and tensors must make a {name}") from error
    if not as_saved:
        raise ArtifactSchemaError(
            "a loaded ranker must compare the probe as the saved one did, and this one does not; save it "
            "again"
        )
    return ranker


def _probed(ranker: Comparing) -> list[float]:
    return [ranker.compare(question, a, b, places="first") for question, a, b in PROBE]
