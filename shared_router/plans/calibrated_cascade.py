"""A cascade's scorer and threshold as one file, as `routellm calibrate --scorer` writes it.

It is a policy's file (`policy_file`) over the scorer's checkpoint in the place of a router's: its scores are
risks, `1 - P(good enough)`, and its strong model is the one that is asked again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from shared_router.calibration.choice import ThresholdChoice
from shared_router.checkpoints.files import check_pin
from shared_router.checkpoints.single_file import read_file
from shared_router.choices import shown_kind
from shared_router.errors import ArtifactSchemaError, InvalidInputError
from shared_router.policy_file import MAX_POLICY_BYTES, PolicyFile
from shared_router.policy_saving import write_policy
from shared_router.registry import saved_config
from shared_router.scorers.loading import load_scorer
from shared_router.scorers.protocol import Scorer

_NAME = "scorer:"
"""Before the scorer's folder, so that no file of a cascade is taken for a router's."""

_RULES: Mapping[str, Any] = {
    "on_router_error": "strong",
    "on_no_query": "strong",
    "on_no_coverage": "score",
    "router_timeout": None,
}


@dataclass(frozen=True, slots=True)
class CalibratedCascade:
    """What a cascade of two models is made with.

    Attributes:
        scorer: What judges the weak model's answers.
        choice: The threshold, how it was chosen, and what is known of it.
    """

    scorer: Scorer
    choice: ThresholdChoice = field(repr=False)

    @property
    def threshold(self) -> float:
        """The cost threshold of the weak answer, in [0, 1]."""
        return self.choice.threshold

    @classmethod
    def load(
        cls, path: str | Path, *, scorer: Scorer | None = None, expected_sha256: str | None = None
    ) -> CalibratedCascade:
        """Read the file that `save_cascade` or `routellm calibrate --scorer` wrote, and its scorer.

        Args:
            path: The file.
            scorer: The scorer, where it learned with an embedder or a key of your own; None reads the folder
                that the file names, pinned by its hash.
            expected_sha256: The file's hash, kept where you trust it.

        Raises:
            ArtifactError: If the file or the scorer's folder is missing, damaged or another thing's, or the
                folder does not hold the scorer that the threshold was chosen for.
        """
        content = read_file(path, MAX_POLICY_BYTES)
        check_pin(Path(path).name, content, expected_sha256)
        file = PolicyFile.from_bytes(content)
        if not file.router.startswith(_NAME) or file.choice is None or file.choice.tie_share != 1:
            raise ArtifactSchemaError(
                "a cascade's file must name a scorer and a choice, and this one does not; a router's is read "
                "by RoutingPolicy.load"
            )
        if scorer is None:
            folder = Path(path).parent / file.router.removeprefix(_NAME)
            scorer = load_scorer(folder, expected_sha256=file.router_sha256)
        return cls(scorer, file.choice)


def save_cascade(
    path: str | Path,
    choice: ThresholdChoice,
    *,
    scorer: str | Path,
    overwrite: bool = False,
) -> str:
    """Write a cascade's file.

    Args:
        path: The file, whole or not at all.
        choice: The threshold; one chosen with `split_ties=False`, since a cascade throws no coin.
        scorer: The folder of the scorer that it was chosen for; the file pins what is in it.
        overwrite: Whether to replace a file that is there.

    Returns:
        The SHA-256 that pins the file, and with it the scorer.

    Raises:
        InvalidInputError: If the choice splits answers of one score.
        ArtifactError: If the file cannot be written.
    """
    if not isinstance(choice, ThresholdChoice):
        raise InvalidInputError(f"choice must be a ThresholdChoice, got {shown_kind(choice)}")
    if choice.tie_share != 1:
        raise InvalidInputError(
            "a cascade's threshold must not split answers of one score; choose it with split_ties=False"
        )
    folder, beside = Path(scorer).resolve(), Path(path).resolve().parent
    name = folder.relative_to(beside).as_posix() if folder.is_relative_to(beside) else str(folder)
    file = PolicyFile(
        router=f"{_NAME}{name}",
        router_sha256=saved_config(scorer).sha256,
        models=("strong", "weak"),
        threshold=choice.threshold,
        strong_fraction=choice.strong_fraction,
        method=choice.method,
        n=choice.n,
        confidence=choice.confidence,
        made=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        rules=_RULES,
        scores=choice.quantiles,
        choice=choice,
    )
    return write_policy(path, file, overwrite=overwrite)
