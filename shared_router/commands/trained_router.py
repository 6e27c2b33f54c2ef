"""A router of any class, made from what was typed and fitted on what was read."""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shared_router.errors import InvalidInputError, UnknownNameError
from shared_router.labels.hybrid import LabelKind
from shared_router.labels.qualities import sampled_qualities
from shared_router.registry import router_class

if TYPE_CHECKING:
    from shared_router.commands.training_data import TrainingData
    from shared_router.router import Router
    from shared_router.training.recipe import FineTuning

SHORT_NAMES = {"sw": "similarity_weighted", "mf": "matrix_factorization", "causal-lm": "causal_lm"}
BASE_MODEL = {"bert": "encoder", "causal_lm": "model"}
"""Routers that are trained from a model of one's own, and what they call it."""

_OF_MORE_THAN_GRADES = ("general", "calibrated")
_NOT_SETTINGS = ("self", "strong", "weak", "seed", "recipe", "lora", "prompt", *BASE_MODEL.values())


def class_name(given: str) -> str:
    """Return a router class's name, also for its short one.

    Raises:
        UnknownNameError: If there is none; the message lists those there are.
        InvalidInputError: If grades alone do not teach it.
    """
    name = SHORT_NAMES.get(given.lower(), given.lower().replace("-", "_"))
    router_class(name)
    if name in _OF_MORE_THAN_GRADES:
        raise InvalidInputError(
            f"a router to train must learn from grades or battles alone, got {name!r}; "
            "take local, which starts from the shipped router"
        )
    return name


def made_router(
    name: str,
    *,
    seed: int,
    base_model: str | None = None,
    settings: Sequence[str] = (),
    sides: Mapping[str, str] | None = None,
) -> Router:
    """Make a router that is not fitted yet.

    Args:
        name: Its class's name.
        seed: Decides what is left to chance.
        base_model: What a bert or a causal_lm router is trained from: a folder or a hub's name.
        settings: What else it is made with, `NAME=VALUE` each, the value as JSON or else a text; also those
            of its recipe, such as `max_steps=500`.
        sides: The `strong` and the `weak` model's name.

    Raises:
        InvalidInputError: If a setting is outside its rule, or the base model is missing or one too many.
        UnknownNameError: If the class has no such setting; the message lists those it has.
    """
    made = router_class(name)
    takes = inspect.signature(made).parameters
    given = dict(_setting(text) for text in settings)
    recipe = _recipe(takes, name)
    known = [each for each in takes if each not in _NOT_SETTINGS]
    of_recipe = [] if recipe is None else [each.name for each in fields(recipe) if each.name != "seed"]
    if unknown := sorted(set(given) - {*known, *of_recipe}):
        raise UnknownNameError(
            f"a setting of {name} must be one of {sorted([*known, *of_recipe])}, got {unknown}"
        )
    arguments: dict[str, Any] = {each: value for each, value in given.items() if each in known}
    try:
        if recipe is not None:
            changed = {each: value for each, value in given.items() if each in of_recipe}
            arguments["recipe"] = replace(recipe, seed=seed, **changed)
        elif "seed" in takes:
            arguments["seed"] = seed
        arguments |= {side: model for side, model in (sides or {}).items() if side in takes}
        return made(**_base_model(name, base_model), **arguments)
    except (TypeError, AttributeError) as error:
        raise InvalidInputError(
            f"a setting must be of its kind, and one of {sorted(given)} is not: {type(error).__name__}"
        ) from error


def is_long(name: str) -> bool:
    """Say whether a class's training is long, and so is kept in a folder from which it can go on."""
    return name in BASE_MODEL


def fit_router(
    router: Router,
    data: TrainingData,
    *,
    state: Path | None,
    progress: bool,
    labels: LabelKind | None = None,
) -> None:
    """Teach a router what was read, in the form that its class learns from.

    Args:
        router: The router.
        data: Graded answers or battles.
        state: Where a long training keeps its state.
        progress: Whether to show a bar on a terminal.
        labels: How grades become soft labels; None learns battles, or grades.

    Raises:
        RouterError: If the rows cannot teach this router.
    """
    how: dict[str, Any] = {"folder": state} if is_long(router.name) else {}
    if "progress" in inspect.signature(router.fit).parameters:
        how["progress"] = progress
    if labels is not None:
        _fit_labels(router, data, labels, how)
    elif getattr(router, "head", None) == "correctness" and hasattr(router, "fit_correctness"):
        _fit_grades(router, data, how)
    elif router.name == "local" and data.outcomes is not None:
        router.fit(data.outcomes, **how)  # type: ignore[arg-type]
    elif router.name == "static":  # it takes the first of each battle for the strong side
        router.fit(data.between_the_sides(), **_subjects(router, data), **how)
    else:
        router.fit(data.battles, **how)


def _fit_grades(router: Any, data: TrainingData, how: Mapping[str, Any]) -> None:
    if data.outcomes is None:
        raise InvalidInputError('head="correctness" learns from grades of both models, got battles')
    scores = [data.outcomes.scores(side).tolist() for side in (data.strong, data.weak)]
    router.fit_correctness(list(data.outcomes.prompts), *scores, **how)


def _fit_labels(router: Any, data: TrainingData, kind: LabelKind, how: Mapping[str, Any]) -> None:
    if not hasattr(router, "fit_soft"):
        raise InvalidInputError(f"--labels is for bert, which learns soft labels, got it with {router.name}")
    if data.outcomes is None:
        raise InvalidInputError("--labels makes labels of grades of both models, got battles")
    qualities = sampled_qualities(data.outcomes, strong=data.strong, weak=data.weak)
    router.fit_soft(qualities.queries, qualities.labels(kind).labels, **how)


def _subjects(router: Router, data: TrainingData) -> dict[str, Any]:
    """Return the subject of each battle for a router that learns them, where every row has one."""
    domains = None if data.outcomes is None else data.outcomes.domains
    if router.name != "static" or domains is None or any(domain is None for domain in domains):
        return {}
    return {"subjects": list(domains)}


def _setting(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise InvalidInputError("--set must be NAME=VALUE, for example --set k=50, got no such text")
    try:
        return name.strip(), json.loads(value)
    except (ValueError, RecursionError):
        return name.strip(), value


def _recipe(takes: Mapping[str, inspect.Parameter], name: str) -> FineTuning | Any | None:
    if "recipe" not in takes:
        return None
    default = takes["recipe"].default
    if default is not None:
        return default
    from shared_router.training.recipe import FineTuning

    del name
    return FineTuning()


def _base_model(name: str, given: str | None) -> dict[str, str]:
    if name not in BASE_MODEL:
        if given is not None:
            raise InvalidInputError(f"--base-model is for {sorted(BASE_MODEL)}, got it with {name}")
        return {}
    if given is None:
        raise InvalidInputError(
            f"a {name} router is trained from a model; give --base-model FOLDER or a hub's name"
        )
    return {BASE_MODEL[name]: given}
