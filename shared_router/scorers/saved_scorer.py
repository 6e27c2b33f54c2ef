"""Scorers as checkpoints: the folder of a router, of kind `scorer/...`, with a probe of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from numpy.typing import NDArray

from shared_router.checkpoints.artifact import Artifact, load_artifact, save_artifact
from shared_router.errors import ArtifactSchemaError, InvalidInputError
from shared_router.scorers.checked import scorer_of
from shared_router.scorers.given_answer import GivenAnswer
from shared_router.scorers.protocol import Scorer

PROBE = (
    ("How many apples are 3 boxes of 12?", "3 boxes of 12 apples are 3 * 12 = 36 apples.\n#### 36"),
    ("What is the capital of France?", "It might be Lyon, but I am not sure."),
    ("", "x"),
)
"""Questions and answers that `save` records the scores of and `load` asks again."""

_TOLERANCE = 1e-4

S = TypeVar("S", bound=Scorer)


def save_scorer(
    folder: str | Path,
    scorer: Scorer,
    settings: Mapping[str, Any],
    tensors: Mapping[str, NDArray[Any]],
    *,
    overwrite: bool,
) -> str:
    """Write a scorer as a checkpoint, with its scores of the probe.

    Args:
        folder: Where to write.
        scorer: The scorer; its `name` is the kind.
        settings: Plain JSON values.
        tensors: The learned arrays.
        overwrite: Whether to replace a checkpoint that is there.

    Returns:
        The SHA-256 that pins the checkpoint.

    Raises:
        ArtifactError: As `save_artifact`.
    """
    checked = scorer_of(scorer)
    kept = {**settings, "probe": _scores(scorer)}
    return save_artifact(folder, Artifact(f"scorer/{checked.name}", kept, tensors), overwrite=overwrite)


def load_scorer(
    folder: str | Path,
    name: str,
    build: Callable[[Mapping[str, Any], Mapping[str, NDArray[Any]]], S],
    *,
    expected_sha256: str | None,
) -> S:
    """Read a checkpoint, build the scorer, and ask it the probe.

    Args:
        folder: The checkpoint.
        name: The scorer's name.
        build: Makes it of settings and tensors.
        expected_sha256: The hash that `save_scorer` returned, or None.

    Raises:
        ArtifactError: As `load_artifact`; and if it is another scorer's, makes none, or does not score the
            probe as the saved one did.
    """
    artifact = load_artifact(folder, expected_sha256=expected_sha256)
    if artifact.kind != f"scorer/{name}":
        raise ArtifactSchemaError(f"a checkpoint must be of kind scorer/{name}, got {artifact.kind!r}")
    try:
        scorer = build(artifact.settings, artifact.tensors)
        off = [abs(a - b) for a, b in zip(_scores(scorer), artifact.settings["probe"], strict=True)]
        as_saved = all(difference <= _TOLERANCE for difference in off)
    except InvalidInputError as error:  # ours: it says which rule
        raise ArtifactSchemaError(f"the checkpoint must make a {name} scorer, but {error}") from error
    # settings of a wrong type may show only when they are used
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise ArtifactSchemaError(
            f"the checkpoint's settings and tensors must make a {name} scorer"
        ) from error
    if not as_saved:
        raise ArtifactSchemaError(
            "a loaded scorer must score the probe as the saved one did, and this one does not; give load the "
            "embedder it was trained with"
        )
    return scorer


def _scores(scorer: Scorer) -> list[float]:
    checked = scorer_of(scorer)
    return [checked.score(question, [GivenAnswer(answer)]).value for question, answer in PROBE]
