"""Checkpoints of what is asked a few known things when it is saved, and the same when it is loaded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from shared_router.checkpoints.artifact import Artifact, load_artifact, save_artifact
from shared_router.checkpoints.sealed import sealed, unsealed
from shared_router.errors import ArtifactSchemaError, InvalidInputError, ScorerOutputError

_TOLERANCE = 1e-4

T = TypeVar("T")


def save_probed(
    folder: str | Path, artifact: Artifact, *, kind: str, answers: Sequence[float], overwrite: bool
) -> str:
    """Write a checkpoint with what its maker answers to the probe.

    Args:
        folder: Where to write.
        artifact: What makes it again.
        kind: What it holds, such as `"scorer/agreement"`.
        answers: The answers.
        overwrite: Whether to replace a checkpoint that is there.

    Returns:
        The SHA-256 that pins the checkpoint.

    Raises:
        ArtifactError: As `save_artifact`.
    """
    settings = {**artifact.settings, "probe": list(answers)}
    return save_artifact(folder, sealed(replace(artifact, kind=kind, settings=settings)), overwrite=overwrite)


def read_probed(
    folder: str | Path,
    *,
    kind: str,
    makes: str,
    build: Callable[[Artifact], T],
    answers: Callable[[T], Sequence[float]],
    otherwise: str,
    expected_sha256: str | None,
    max_bytes: int,
) -> T:
    """Read a checkpoint, build what it holds, and ask that the probe.

    Args:
        folder: The checkpoint.
        kind: What it must hold.
        makes: What that is, in words.
        build: Makes it of what was saved.
        answers: Its answers to the probe.
        otherwise: What is said where they are others than the saved ones.
        expected_sha256: The hash that `save_probed` returned, or None.
        max_bytes: The largest file to read.

    Raises:
        ArtifactError: As `load_artifact`; and if it is of another kind, makes nothing, or answers otherwise.
    """
    artifact = load_artifact(folder, expected_sha256=expected_sha256, max_bytes=max_bytes)
    if artifact.kind != kind:
        raise ArtifactSchemaError(f"a checkpoint must be of kind {kind}, got {artifact.kind!r}")
    settings = dict(unsealed(artifact).settings)
    probe = settings.pop("probe", None)
    try:
        built = build(replace(artifact, settings=settings))
        off = [abs(found - saved) for found, saved in zip(answers(built), list(probe or ()), strict=True)]
        as_saved = all(difference <= _TOLERANCE for difference in off)
    except (InvalidInputError, ScorerOutputError) as error:  # ours: it says which rule
        raise ArtifactSchemaError(f"the checkpoint must make a {makes}, but {error}") from error
    # settings of a wrong type may show only when they are used
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise ArtifactSchemaError(f"the checkpoint's settings and tensors must make a {makes}") from error
    if not as_saved:
        raise ArtifactSchemaError(otherwise)
    return built
