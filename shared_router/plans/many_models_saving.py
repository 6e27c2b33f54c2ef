"""A policy over many models as one checkpoint folder: its predictor, its prices, its weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from shared_router.checkpoints.artifact import Artifact
from shared_router.costs.prices import TokenPrices
from shared_router.errors import ArtifactSchemaError, InvalidInputError
from shared_router.plans.expected_dollars import ExpectedDollars
from shared_router.predictors.classes import predictor_class
from shared_router.predictors.output_tokens import OutputTokens
from shared_router.predictors.protocol import QualityPredictor

if TYPE_CHECKING:
    from shared_router.embedding.protocol import Embedder

KIND = "policy/many_models"


def policy_artifact(
    predictor: QualityPredictor, dollars: ExpectedDollars | None, rules: Mapping[str, Any]
) -> Artifact:
    """Return what a policy's folder holds.

    Args:
        predictor: What expects grades.
        dollars: What expects costs, or None without prices.
        rules: The policy's other arguments, as plain JSON.

    Raises:
        InvalidInputError: If the predictor's class is none of ours, so that nothing could load it.
    """
    if type(predictor) is not _class_of(predictor.name):
        raise InvalidInputError(
            f"a policy must have one of our predictors to be saved, got {type(predictor).__name__}; save it "
            "yourself and make the policy anew"
        )
    inner = predictor.artifact()
    settings: dict[str, Any] = {
        "predictor": dict(inner.settings),
        "name": predictor.name,
        "rules": dict(rules),
    }
    tensors = {f"predictor.{name}": tensor for name, tensor in inner.tensors.items()}
    settings["prices"] = None if dollars is None else {m: asdict(p) for m, p in dollars.prices.items()}
    lengths = None if dollars is None else dollars.output_tokens
    if isinstance(lengths, OutputTokens):
        settings["output_tokens"] = {"learned": dict(lengths.artifact().settings)}
        tensors |= {f"tokens.{name}": tensor for name, tensor in lengths.artifact().tensors.items()}
    elif lengths is not None:
        settings["output_tokens"] = {"given": {model: float(n) for model, n in lengths.items()}}
    return Artifact(KIND, settings, tensors)


def policy_arguments(artifact: Artifact, embedder: Embedder | None) -> dict[str, Any]:
    """Return the arguments that make a policy of what its folder holds.

    Raises:
        ArtifactSchemaError: If it holds no policy over many models.
    """
    if artifact.kind != KIND:
        raise ArtifactSchemaError(f"a checkpoint must be of kind {KIND}, got {artifact.kind!r}")
    settings = artifact.settings
    try:
        found = _class_of(settings["name"])
        if found is None:
            raise ArtifactSchemaError("a checkpoint must name a predictor of ours")
        inner = Artifact(f"predictor/{found.name}", settings["predictor"], _under("predictor.", artifact))
        arguments = {**settings["rules"], "predictor": found.from_artifact(inner, embedder)}
        if settings["prices"] is not None:
            arguments["prices"] = {model: TokenPrices(**price) for model, price in settings["prices"].items()}
            arguments["output_tokens"] = _lengths(settings["output_tokens"], artifact, embedder)
    # settings of a wrong type may show only when they are used
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise ArtifactSchemaError("the checkpoint's settings must make a policy over many models") from error
    return arguments


def _lengths(
    settings: Mapping[str, Any], artifact: Artifact, embedder: Embedder | None
) -> OutputTokens | Mapping[str, float]:
    if "given" in settings:
        given: Mapping[str, float] = settings["given"]
        return given
    inner = Artifact("predictor/output_tokens", settings["learned"], _under("tokens.", artifact))
    return OutputTokens.from_artifact(inner, embedder)


def _under(start: str, artifact: Artifact) -> dict[str, Any]:
    return {name[len(start) :]: t for name, t in artifact.tensors.items() if name.startswith(start)}


def _class_of(name: str) -> type[QualityPredictor] | None:
    try:
        return predictor_class(name)
    except LookupError:
        return None
