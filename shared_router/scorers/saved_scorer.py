"""Scorers as checkpoints: the folder of a router, of kind `scorer/...`, with a probe of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from shared_router.checkpoints.artifact import Artifact
from shared_router.checkpoints.config import MAX_FILE_BYTES
from shared_router.checkpoints.probed import read_probed, save_probed
from shared_router.choices import shown_kind
from shared_router.errors import InvalidInputError
from shared_router.scorers.checked import scorer_of
from shared_router.scorers.given_answer import GivenAnswer
from shared_router.scorers.protocol import Scorer

_CERTAIN, _UNSURE = (-0.01, -0.05, -0.02), (-0.7, -2.5, -1.4)
PROBE = (
    (
        "How many apples are 3 boxes of 12?",
        GivenAnswer(
            "3 boxes of 12 apples are 3 * 12 = 36 apples.\n#### 36",
            token_log_probabilities=_CERTAIN,
            runner_up_log_probabilities=(-5.0, -4.0, -6.0),
        ),
    ),
    (
        "What is the capital of France?",
        GivenAnswer(
            "It might be Lyon, but I am not sure.",
            token_log_probabilities=_UNSURE,
            runner_up_log_probabilities=(-0.9, -2.6, -1.5),
        ),
    ),
    ("", GivenAnswer("x", token_log_probabilities=_UNSURE[:1])),
)
"""Questions and answers that `save` records the scores of and `load` asks again."""

S = TypeVar("S", bound=Scorer)


def save_scorer(folder: str | Path, scorer: Scorer, artifact: Artifact, *, overwrite: bool) -> str:
    """Write a scorer as a checkpoint, with its scores of the probe.

    Args:
        folder: Where to write.
        scorer: The scorer; its `name` is the kind.
        artifact: What makes it again.
        overwrite: Whether to replace a checkpoint that is there.

    Returns:
        The SHA-256 that pins the checkpoint.

    Raises:
        ArtifactError: As `save_artifact`.
    """
    kind = f"scorer/{scorer_of(scorer).name}"
    return save_probed(folder, artifact, kind=kind, answers=_scores(scorer), overwrite=overwrite)


def read_scorer(
    folder: str | Path,
    name: str,
    build: Callable[[Artifact], S],
    *,
    expected_sha256: str | None,
    max_bytes: int = MAX_FILE_BYTES,
) -> S:
    """Read a checkpoint, build the scorer, and ask it the probe.

    Args:
        folder: The checkpoint.
        name: The scorer's name.
        build: Makes it of what was saved.
        expected_sha256: The hash that `save_scorer` returned, or None.
        max_bytes: The largest file to read.

    Raises:
        ArtifactError: As `load_artifact`; and if it is another scorer's, makes none, or does not score the
            probe as the saved one did.
    """

    def built(artifact: Artifact) -> S:
        model = artifact.settings.get("model")
        if model is not None and not (isinstance(model, str) and model):
            raise InvalidInputError(f"its model must be a name or none, got {shown_kind(model)}")
        return build(artifact)

    return read_probed(
        folder,
        kind=f"scorer/{name}",
        makes=f"{name} scorer",
        build=built,
        answers=_scores,
        otherwise="a loaded scorer must score the probe as the saved one did, and this one does not; give "
        "load the embedder it was trained with",
        expected_sha256=expected_sha256,
        max_bytes=max_bytes,
    )


def _scores(scorer: Scorer) -> list[float]:
    checked = scorer_of(scorer)
    return [checked.score(question, [answer]).value for question, answer in PROBE]
