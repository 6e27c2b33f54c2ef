"""What `routellm train` learns from: graded answers or battles, told by what is in the files."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from shared_router.errors import DataError, InvalidInputError
from shared_router.preferences.data import PreferenceData
from shared_router.preferences.pairs import tier_pair
from shared_router.records.files import Head, read_head, read_rows

if TYPE_CHECKING:
    from shared_router.records.outcomes import Outcomes
    from shared_router.records.reading import Reading

STRONG, WEAK = "strong", "weak"


@dataclass(frozen=True, slots=True)
class TrainingData:
    """Rows to learn from.

    Attributes:
        battles: The battles; of graded answers the higher grade won.
        strong: The strong model's name in them.
        weak: The weak model's name.
        outcomes: The graded answers of the two models; None where the files hold battles.
        left_out: How many rows were left out, by reason.
    """

    battles: PreferenceData
    strong: str
    weak: str
    outcomes: Outcomes | None = None
    left_out: dict[str, int] = field(default_factory=dict)

    def some(self, rows: Sequence[int]) -> TrainingData:
        """Return some of the rows, by their places from 0."""
        outcomes = None if self.outcomes is None else self.outcomes.select(rows)
        return TrainingData(self.battles.select(rows), self.strong, self.weak, outcomes)

    def between_the_sides(self) -> PreferenceData:
        """Return the battles of the two models alone, the strong one first."""
        return tier_pair(self.battles, strong=[self.strong], weak=[self.weak])


def read_training_data(
    paths: Sequence[str],
    *,
    strong: Sequence[str],
    weak: Sequence[str],
    format: str | None = None,  # noqa: A002 - what the command calls it
    scale: tuple[float, float] = (0.0, 1.0),
    score: Sequence[str] | None = None,
) -> TrainingData:
    """Read files to learn from; several are one table.

    Args:
        paths: Files of graded answers or of battles, not of both.
        strong: The strong models' names in them; none takes `"strong"`. Several are one side of battles.
        weak: The weak models' names, likewise.
        format: As in `read_outcomes`, like `scale` and `score`.
        scale: See `format`.
        score: See `format`.

    Raises:
        DataError: If a file is damaged, or holds nothing to learn from.
        InvalidInputError: If the files are of both kinds, or a model must be named.
        ScaleError: If a score is outside the scale.
    """
    heads = [read_head(Path(path)) for path in paths if Path(path).is_file()]
    of_battles = [head for head in heads if _holds_battles(head)] if format is None else []
    if not of_battles:
        return _graded(paths, strong=strong, weak=weak, format=format, scale=scale, score=score)
    if len(of_battles) < len(paths):
        raise InvalidInputError(
            "files must be of graded answers or of battles, got both; train on one, or turn grades into "
            "battles with PreferenceData.from_correctness"
        )
    return _fought([row for head in of_battles for row in _rows(head)], strong, weak)


def _holds_battles(head: Head) -> bool:
    winner = {"winner", "winner_model_a"} & head.columns
    return head.lacks("model_a", "model_b") is None and bool(winner)


def _rows(head: Head) -> list[dict[str, object]]:
    found = []
    for number, row in enumerate(read_rows(head), 1):
        if isinstance(row, str):
            raise DataError(f"{head.path.name}: row {number}: {row}")
        found.append(dict(row))
    return found


def _fought(rows: list[dict[str, object]], strong: Sequence[str], weak: Sequence[str]) -> TrainingData:
    battles = PreferenceData.from_rows(rows)
    models = sorted({*battles.model_a, *battles.model_b})
    sides = [_side(given, name, models) for given, name in ((strong, STRONG), (weak, WEAK))]
    if any(len(side) > 1 for side in sides):
        return TrainingData(tier_pair(battles, strong=sides[0], weak=sides[1]), STRONG, WEAK)
    return TrainingData(battles, sides[0][0], sides[1][0])


def _side(given: Sequence[str], side: str, models: Collection[str]) -> Sequence[str]:
    names = list(given) or [side]
    unknown = sorted(set(names) - set(models))
    if unknown:
        shown = sorted(models)[:20]
        raise InvalidInputError(
            f"--{side} must name one of the data's models, {shown}, got {unknown if given else 'none'}"
        )
    return names


def _graded(
    paths: Sequence[str],
    *,
    strong: Sequence[str],
    weak: Sequence[str],
    format: str | None,  # noqa: A002
    scale: tuple[float, float],
    score: Sequence[str] | None,
) -> TrainingData:
    from shared_router.records.reading import read_outcomes

    if len(strong) > 1 or len(weak) > 1:
        raise InvalidInputError(
            "a side of several models needs battles, got graded answers; name one --strong and one --weak"
        )
    reading = read_outcomes(*paths, format=format, scale=scale, score=score, keep_answers=False)
    _check_two_models(reading)
    models = reading.outcomes.models
    better, cheaper = _side(strong, STRONG, models)[0], _side(weak, WEAK, models)[0]
    pair = reading.outcomes.pair(better, cheaper)
    scores = [pair.scores(side).tolist() for side in (better, cheaper)]
    battles = PreferenceData.from_correctness(list(pair.prompts), *scores, strong=better, weak=cheaper)
    left_out = dict(reading.left_out)
    if ungraded := len(reading.outcomes) - len(pair):
        left_out["not graded for both models"] = ungraded
    return TrainingData(battles, better, cheaper, pair, left_out)


def _check_two_models(reading: Reading) -> None:
    models = list(reading.outcomes.models)
    if len(models) < 2:
        raise InvalidInputError(
            f"training needs grades of two models, and the data hold {models}; "
            "routellm collect asks and grades two"
        )
    if not reading.outcomes.can_compute.quality:
        raise InvalidInputError(
            "training needs prompts that two models were graded on, and the data hold none: "
            f"{reading.outcomes.can_compute.missing.get('quality')}; routellm collect asks and grades them"
        )
