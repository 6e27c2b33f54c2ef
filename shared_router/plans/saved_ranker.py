"""Rankers as checkpoints: the folder of a router, of kind `ranker/...`, with a probe of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from shared_router.checkpoints.artifact import Artifact
from shared_router.checkpoints.probed import read_probed, save_probed
from shared_router.plans.comparing import Comparing

PROBE = (
    ("How many apples are 3 boxes of 12?", "3 * 12 = 36 apples.", "It might be 15."),
    ("", "x", ""),
)
"""Questions with two answers each that `save` records the comparisons of and `load` asks again."""

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
    kind = f"ranker/{ranker.name}"
    return save_probed(folder, artifact, kind=kind, answers=_probed(ranker), overwrite=overwrite)


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
    return read_probed(
        folder,
        kind=f"ranker/{name}",
        makes=name,
        build=build,
        answers=_probed,
        otherwise="a loaded ranker must compare the probe as the saved one did, and this one does not; save "
        "it again",
        expected_sha256=expected_sha256,
        max_bytes=_MAX_BYTES,
    )


def _probed(ranker: Comparing) -> list[float]:
    return [ranker.compare(question, a, b, places="first") for question, a, b in PROBE]
