"""FrugalGPT's optimiser: which models to ask, in which order, and when to stop, under a budget.

Follows FrugalGPT (arXiv 2305.05176, section 3): maximise expected quality over lists of models and their
thresholds, all calls paid, at a mean cost within a budget. Differs from its code: lists of every length are
looked at, one model alone too; every cut that thresholds can make; costs are the outcomes' own dollars, from
real tokens; and P(good enough) must come from scorers that did not learn from these rows. Left out is the
paper's pruning of lists whose models rarely disagree: the search needs none.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from shared_router.checkpoints.files import check_pin
from shared_router.checkpoints.single_file import read_file, write_file
from shared_router.checkpoints.strict_json import parse_strict_json
from shared_router.choices import is_amount, shown, shown_kind
from shared_router.decisions import check_threshold
from shared_router.errors import (
    ArtifactCorruptError,
    ArtifactSchemaError,
    DataError,
    InvalidInputError,
)
from shared_router.plans.left_out import checked_probabilities
from shared_router.plans.list_search import ListSearch
from shared_router.records.given import check_given

if TYPE_CHECKING:
    from shared_router.records.outcomes import Outcomes

VERSION = 1
_KIND = "frugal_list"
_MAX_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class FrugalList:
    """Models in the order they are asked, and from which risk on the next is.

    Attributes:
        models: The models' names, each once.
        thresholds: One a model but the last, each in [0, 1]: the next model is asked iff
            `1 - P(good enough)` of this one's answer reaches it, so higher is cheaper.
        budget: The dollars a prompt that it was chosen for; None where it was written by hand.
        quality: Its mean quality on the rows that it was chosen on, which flatters it; None by hand.
        dollars: Its mean dollars a prompt there.
        n: How many rows those were.
    """

    models: tuple[str, ...]
    thresholds: tuple[float, ...]
    budget: float | None = None
    quality: float | None = None
    dollars: float | None = None
    n: int = 0

    def __post_init__(self) -> None:
        """Check the list.

        Raises:
            InvalidInputError: If a model stands there twice, or there is not one threshold a model but the
                last, each in [0, 1].
        """
        if not self.models or len(set(self.models)) != len(self.models):
            raise InvalidInputError(f"models must be one or more, each once, got {list(self.models)}")
        if len(self.thresholds) != len(self.models) - 1:
            raise InvalidInputError(
                f"thresholds must be one for each model but the last ({len(self.models) - 1}), got "
                f"{len(self.thresholds)}"
            )
        for threshold in self.thresholds:
            check_threshold(threshold)

    def save(self, path: str | Path, *, overwrite: bool = False) -> str:
        """Write the list as a JSON file that `load` reads, whole or not at all.

        Returns:
            The SHA-256 that pins the file; see `load`.

        Raises:
            ArtifactExistsError: If a file is there and `overwrite` is false.
            ArtifactWriteError: If it cannot be written.
        """
        content = {"version": VERSION, "kind": _KIND, **asdict(self)}
        written = (json.dumps(content, indent=1, allow_nan=False) + "\n").encode()
        write_file(path, written, overwrite=overwrite)
        return hashlib.sha256(written).hexdigest()

    @classmethod
    def load(cls, path: str | Path, *, expected_sha256: str | None = None) -> FrugalList:
        """Read the file that `save` wrote.

        Args:
            path: The file.
            expected_sha256: The hash that `save` returned, kept where you trust it.

        Raises:
            ArtifactError: If there is none, it is not the expected one, or it holds anything else.
        """
        content = read_file(path, _MAX_BYTES)
        check_pin("a list's file", content, expected_sha256)
        try:
            data = parse_strict_json(content)
        except (ValueError, RecursionError) as error:
            raise ArtifactCorruptError(
                "a list's file must be whole JSON; it was damaged, save it again"
            ) from error
        if not isinstance(data, dict) or data.get("kind") != _KIND or data.get("version") != VERSION:
            raise ArtifactSchemaError(f"a list's file must be of kind {_KIND}, version {VERSION}")
        try:
            return cls(**_fields(data))
        except (InvalidInputError, TypeError, KeyError) as error:
            raise ArtifactSchemaError(
                "a list's file must hold models and their thresholds, as saved"
            ) from error


def frugal_list(
    outcomes: Outcomes,
    probabilities: Mapping[str, Sequence[float] | NDArray[np.float64]],
    *,
    budget: float,
    max_models: int = 3,
) -> FrugalList:
    """Choose the list of models and thresholds of the highest quality within a budget.

    Args:
        outcomes: n prompts with grades and dollars of each model; rows that lack any are left out.
        probabilities: For each model that may be asked before another, P(good enough) of its answer to each
            prompt, shape (n,), in [0, 1], from a scorer that did not learn from that prompt: see
            `AnswerFeatures.left_out_`. NaN where there is none.
        budget: Mean dollars a prompt that all calls may cost, >= 0.
        max_models: The longest list, >= 1. Up to three the best there is; longer ones grow from it.

    Returns:
        The list; of equals the cheapest.

    Raises:
        UnknownNameError: If probabilities are of no model here.
        InvalidInputError: If an argument is outside its rule, or no list meets the budget.
        DataError: If no row has all grades and dollars.
    """
    check_given(outcomes)
    _check_options(budget, max_models)
    if not isinstance(probabilities, Mapping):
        raise InvalidInputError(f"probabilities must be by model's name, got {shown_kind(probabilities)}")
    quality, dollars = outcomes.matrix("score"), outcomes.matrix("dollars")
    risks = np.full(quality.shape, np.nan)
    for model, values in probabilities.items():
        found = checked_probabilities(f"probabilities of {model}", values, len(outcomes))
        risks[:, outcomes.models.index(_known(outcomes, model))] = 1 - found
    scored = [place for place, model in enumerate(outcomes.models) if model in probabilities]
    complete = ~np.isnan(np.concatenate([quality, dollars, risks[:, scored]], axis=1)).any(axis=1)
    if not complete.any():
        raise DataError(
            "a list is chosen on prompts with a grade, dollars and P(good enough) of every model, and none "
            "has all; give prices (`Outcomes.with_prices`), or select the models to list"
        )
    search = ListSearch(quality[complete], dollars[complete], risks[complete])
    best = search.best(float(budget), max_models=int(max_models))
    if best is None:
        least = float(search.dollars.mean(axis=0).min())
        raise InvalidInputError(
            f"budget must reach the cheapest model ({least:.4g} dollars a prompt), got {shown(budget)}"
        )
    models = tuple(outcomes.models[place] for place in best.models)
    return FrugalList(models, best.thresholds, float(budget), best.quality, best.dollars, int(complete.sum()))


def _check_options(budget: float, max_models: int) -> None:
    if not is_amount(budget):
        raise InvalidInputError(f"budget must be dollars a prompt >= 0, got {shown(budget)}")
    if isinstance(max_models, bool) or not isinstance(max_models, Integral) or max_models < 1:
        raise InvalidInputError(f"max_models must be a whole number >= 1, got {shown(max_models)}")


def _known(outcomes: Outcomes, model: str) -> str:
    outcomes.answered(model)  # raises for a model that there is not
    return model


def _fields(data: dict[str, Any]) -> dict[str, Any]:
    known = {name: data[name] for name in data if name not in ("version", "kind")}
    if not all(isinstance(model, str) for model in known["models"]):
        raise TypeError
    return {**known, "models": tuple(known["models"]), "thresholds": tuple(known["thresholds"])}
