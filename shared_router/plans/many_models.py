"""Routing between many models: the best expected grade for its price.

    model(q) = argmax_m  grade_m(q) - dollar_weight * dollars_m(q) - second_weight * seconds_m

with `grade_m(q)` a predictor's, `dollars_m(q)` what 1,000 calls like q are expected to cost and `seconds_m`
how long a model takes. (CARROT, arXiv 2502.03261, shows that such a rule is as good as any, up to a factor,
where both are predicted well.) `dollar_weights` chooses the weight by a budget or by a quality.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from shared_router.checkpoints.artifact import load_artifact, save_artifact
from shared_router.checkpoints.sealed import sealed, unsealed
from shared_router.choices import check_amount, is_amount, shown, shown_kind
from shared_router.costs.prices import TokenPrices
from shared_router.decisions import RoutingDecision, RoutingRequest
from shared_router.errors import ArtifactSchemaError, InvalidInputError, NotFittedError
from shared_router.exploration import GivenExploration
from shared_router.guarding import Guard
from shared_router.plans.expected_dollars import ExpectedDollars
from shared_router.plans.expected_gain import ExpectedGain
from shared_router.plans.many_models_saving import policy_arguments, policy_artifact
from shared_router.policy import RoutingPolicy
from shared_router.policy_rules import arguments_of, as_written, guarded
from shared_router.predictors.output_tokens import OutputTokens
from shared_router.predictors.protocol import QualityPredictor
from shared_router.scoring.guard import ROUTER_TIMEOUT_S
from shared_router.text import clean

if TYPE_CHECKING:
    from typing_extensions import Self

    from shared_router.embedding.protocol import Embedder


class ManyModelsPolicy(RoutingPolicy):
    """Send each question to the model whose expected grade is best for its price.

    A decision's `win_probability` is what the best expected grade is above that of the cheapest model, in
    [0, 1]; a question whose gain is below the threshold, 0 where none is given, goes to the cheapest.

    Args:
        predictor: What expects grades, fitted on outcomes of the models by the names they have here.
        prices: What each model's tokens cost; needed for a `dollar_weight`.
        output_tokens: What predicts an answer's tokens, or one number a model; needed for a `dollar_weight`.
        dollar_weight: What a dollar for 1,000 calls is worth in grade, >= 0: at 0.01 a model must be expected
            to be better by 0.01 to cost a dollar more. 0 asks for quality alone.
        seconds: How long each model takes; needed for a `second_weight`.
        second_weight: What a second is worth in grade, >= 0.
        count_tokens: Counts a prompt's tokens; None takes a quarter of its characters.
        threshold: The least gain worth paying anything for, in [0, 1]; higher is cheaper.
        on_router_error: As in `RoutingPolicy`.
        on_no_query: As in `RoutingPolicy`.
        router_timeout: As in `RoutingPolicy`.
        explore: As in `RoutingPolicy`; each model that can serve a request is drawn alike, the dearest too.
        explore_seed: As in `RoutingPolicy`.
        guard: As in `RoutingPolicy`, and `on_guard_error` too.

    Raises:
        InvalidInputError: If an argument is outside its rule, or a weight has nothing to weigh.
        NotFittedError: If the predictor has learned nothing yet.
    """

    def __init__(
        self,
        predictor: QualityPredictor,
        *,
        prices: Mapping[str, TokenPrices] | None = None,
        output_tokens: OutputTokens | Mapping[str, float] | None = None,
        dollar_weight: float = 0.0,
        seconds: Mapping[str, float] | None = None,
        second_weight: float = 0.0,
        count_tokens: Callable[[str], int] | None = None,
        threshold: float = 0.0,
        on_router_error: str = "strong",
        on_no_query: str = "strong",
        router_timeout: float | None = ROUTER_TIMEOUT_S,
        explore: GivenExploration = 0.0,
        explore_seed: int | None = None,
        guard: Guard | None = None,
        on_guard_error: str = "strong",
    ) -> None:
        if not isinstance(predictor, QualityPredictor):
            raise InvalidInputError(f"predictor must be a QualityPredictor, got {shown_kind(predictor)}")
        if predictor.models_ is None:
            raise NotFittedError("a predictor must be fitted before it routes; call fit with outcomes")
        best_first = np.argsort(-predictor.means_, kind="stable")
        self.models = tuple(predictor.models_[place] for place in best_first)
        self.predictor = predictor
        self.dollars: ExpectedDollars | None = None
        if prices is not None or output_tokens is not None:
            self.dollars = ExpectedDollars(self.models, prices or {}, output_tokens or {}, count_tokens)
        self.seconds = _checked_seconds(seconds, self.models)
        self.dollar_weight = dollar_weight
        self.second_weight = second_weight
        self._gain = ExpectedGain(predictor, self.dollars, self.models)
        super().__init__(
            self._gain,
            threshold=threshold,
            on_router_error=on_router_error,
            on_no_query=on_no_query,
            router_timeout=router_timeout,
            explore=explore,
            explore_seed=explore_seed,
            guard=guard,
            on_guard_error=on_guard_error,
        )

    def __repr__(self) -> str:
        """Show the models and the rule."""
        return f"ManyModelsPolicy({list(self.models)}, dollar_weight={self.dollar_weight!r})"

    def save(self, path: str | Path, *, overwrite: bool = False) -> str:
        """Write a checkpoint folder that `load` reads: the predictor, the prices, the weights; no prompt.

        Args:
            path: The folder, whole or not at all.
            overwrite: Whether to replace a checkpoint that is there.

        Returns:
            The SHA-256 that pins it.

        Raises:
            InvalidInputError: If the predictor is of a class of your own, or `count_tokens` is given: code is
                not saved.
            ArtifactError: If it cannot be written; see `Router.save`.
        """
        if self.dollars is not None and self.dollars.count_tokens is not None:
            raise InvalidInputError("count_tokens must be None in a policy that is saved: code is not saved")
        names = ("dollar_weight", "second_weight", "threshold", "on_router_error", "on_no_query", "seconds")
        rules = {name: getattr(self, name) for name in names} | {"router_timeout": self._guard.timeout_s}
        rules |= as_written(self._later_rules())
        artifact = sealed(policy_artifact(self.predictor, self.dollars, rules))
        return save_artifact(path, artifact, overwrite=overwrite)

    @classmethod
    def load(  # type: ignore[override]
        cls,
        path: str | Path,
        *,
        embedder: Embedder | None = None,
        expected_sha256: str | None = None,
        guard: Guard | None = None,
    ) -> Self:
        """Read a policy from the folder that `save` wrote.

        Args:
            path: The folder.
            embedder: What the predictor was fitted on, where that is not the shipped embedder.
            expected_sha256: The hash that `save` returned, kept where you trust it.
            guard: As in `RoutingPolicy.load`.

        Raises:
            ArtifactError: If the folder is missing, damaged or holds something else.
            InvalidInputError: If the policy had a guard and none is given.
        """
        artifact = unsealed(load_artifact(path, expected_sha256=expected_sha256))
        arguments = policy_arguments(artifact, embedder)
        rules = guarded(arguments, guard)
        try:
            return cls(rules.pop("predictor"), **arguments_of(rules))
        except (InvalidInputError, TypeError) as error:
            raise ArtifactSchemaError(
                "the checkpoint's settings must make a policy over many models"
            ) from error

    @property
    def dollar_weight(self) -> float:
        """What a dollar for 1,000 calls is worth in grade, >= 0; it may be set while the program runs."""
        return self._dollar_weight

    @dollar_weight.setter
    def dollar_weight(self, weight: float) -> None:
        _check_weight(
            "dollar_weight", weight, given=self.dollars is not None, needs="prices and output_tokens"
        )
        self._dollar_weight = float(weight)

    @property
    def second_weight(self) -> float:
        """What a second is worth in grade, >= 0; it may be set while the program runs."""
        return self._second_weight

    @second_weight.setter
    def second_weight(self, weight: float) -> None:
        _check_weight("second_weight", weight, given=self.seconds is not None, needs="seconds")
        self._second_weight = float(weight)

    def qualities(self, queries: Sequence[str]) -> NDArray[np.float64]:
        """Return the expected grade of each model's answer, shape (n, m), models as in `models`."""
        return self._gain.qualities(queries)

    def costs(self, queries: Sequence[str]) -> NDArray[np.float64]:
        """Return the dollars of 1,000 calls like each query, 0 without prices, shape (n, m)."""
        return self._gain.costs(queries)

    def values(self, qualities: NDArray[np.float64], costs: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return expected grades less their price, shape (n, m).

        Args:
            qualities: Expected grades, shape (n, m), models as in `models`.
            costs: Dollars for 1,000 calls, shape (n, m).
        """
        seconds = [0.0] * len(self.models) if self.seconds is None else [self.seconds[m] for m in self.models]
        values: NDArray[np.float64] = (
            qualities - self.dollar_weight * costs - self.second_weight * np.array(seconds)
        )
        return values

    def _by_known_score(
        self, request: RoutingRequest, score: float, coverage: float | None
    ) -> RoutingDecision:
        threshold = self._threshold.applying(request.threshold)
        qualities, costs = self._gain.expected(clean(request.query or ""))
        candidates = [self.models.index(model) for model in request.candidates or self.models]
        if score < threshold:
            chosen = min(candidates, key=lambda place: (costs[place], -place))
        else:
            values = self.values(qualities, costs)
            chosen = max(candidates, key=lambda place: values[place])
        return RoutingDecision(self.models[chosen], score, threshold, self.router_name, "score", coverage)


def _check_weight(name: str, weight: object, *, given: bool, needs: str) -> None:
    if not is_amount(weight):
        raise InvalidInputError(f"{name} must be a finite number >= 0, got {shown(weight)}")
    if weight and not given:
        raise InvalidInputError(f"{name} needs {needs}, got none; without them nothing has a price")


def _checked_seconds(
    seconds: Mapping[str, float] | None, models: Sequence[str]
) -> Mapping[str, float] | None:
    if seconds is None:
        return None
    if not isinstance(seconds, Mapping):
        raise InvalidInputError(f"seconds must be a number a model, got {shown_kind(seconds)}")
    missing = [model for model in models if model not in seconds]
    if missing:
        raise InvalidInputError(f"seconds must be given for each model, and {missing} have none")
    for model in models:
        check_amount("seconds", seconds[model], of=model)
    return {model: float(seconds[model]) for model in models}
