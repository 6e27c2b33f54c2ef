"""A saved scorer by its folder, whichever kind it is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from shared_router.checkpoints.artifact import artifact_kind
from shared_router.errors import ArtifactSchemaError
from shared_router.scorers.agreement import Agreement
from shared_router.scorers.answer_features import AnswerFeatures
from shared_router.scorers.token_confidence import TokenConfidence


def load_scorer(folder: str | Path, *, expected_sha256: str | None = None) -> Any:
    """Read a scorer from the folder that its `save` wrote.

    One that learned with an embedder or a key of your own is read by its class's `load`, which takes them.

    Args:
        folder: The checkpoint.
        expected_sha256: The hash that `save` returned, kept where you trust it.

    Returns:
        The scorer, an object of the class that was saved.

    Raises:
        ArtifactError: If the folder is missing, damaged or no scorer's.
        MissingExtraError: If it is a `FrugalScorer` and torch or transformers is missing.
    """
    kind = artifact_kind(folder)
    load = _loaders().get(kind)
    if load is None:
        raise ArtifactSchemaError(f"a scorer's checkpoint must be of kind {sorted(_loaders())}, got {kind!r}")
    return load(folder, expected_sha256=expected_sha256)


def _loaders() -> dict[str, Callable[..., Any]]:
    def frugal(folder: str | Path, **pin: str | None) -> Any:
        from shared_router.scorers.frugal_scorer import FrugalScorer

        return FrugalScorer.load(folder, **pin)

    classes = (Agreement, AnswerFeatures, TokenConfidence)
    return {f"scorer/{each.name}": each.load for each in classes} | {"scorer/frugal": frugal}
