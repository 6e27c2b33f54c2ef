"""The policy: win probability and threshold in, decision out (paper, section 3: the router R_alpha).

It owns the threshold and what happens when there is no score to compare; how it is asked stands in
`deciding`. An adapter says what the request is and asks; it decides nothing.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from shared_router.calibration.choice import ThresholdChoice
from shared_router.calibration.drift import DriftMonitor
from shared_router.deciding import Deciding
from shared_router.exploration import GivenExploration, exploration_of
from shared_router.guarding import Guard
from shared_router.policy_rules import arguments_of, guarded
from shared_router.policy_saving import policy_file, read_policy, write_policy
from shared_router.router import Router
from shared_router.scoring.guard import ROUTER_TIMEOUT_S, RouterGuard
from shared_router.source import RouterSource
from shared_router.thresholds import GivenThreshold, PolicyThreshold

if TYPE_CHECKING:
    from typing_extensions import Self

OnRouterError = Literal["strong", "weak", "raise"]
DEFAULT_THRESHOLD = 0.5
"""For a router that names no threshold: strong iff it is at least as likely as not to be preferred."""


class RoutingPolicy(Deciding):
    """Decide between a strong and a weak model: strong iff `win_probability >= threshold`.

    A higher threshold is cheaper: at 0 every query goes strong, above the router's largest win
    probability every query goes weak.

    A policy over more models is a subclass that names them in `models`, best first, and overrides `choose`.
    """

    def __init__(
        self,
        router: Router | str | Path | None = None,
        *,
        threshold: GivenThreshold | None = None,
        strong_fraction: float | None = None,
        on_router_error: str = "strong",
        on_no_query: str = "strong",
        on_no_coverage: str = "score",
        router_timeout: float | None = ROUTER_TIMEOUT_S,
        expected_sha256: str | None = None,
        monitor: DriftMonitor | None = None,
        explore: GivenExploration = 0.0,
        explore_seed: int | None = None,
        guard: Guard | None = None,
        on_guard_error: str = "strong",
    ) -> None:
        """Keep the rule; a router given by name is loaded at the first question, not here.

        Args:
            router: A router, the name or folder of one, or None for the shipped default.
            threshold: The cost threshold, in [0, 1], a `ThresholdChoice`, or an `AdaptiveThreshold`. None
                takes the router's own, which sends half of the questions strong that its `score_quantiles_`
                are of, and 0.5 for a router without them.
            strong_fraction: In place of a threshold, the share of such questions to send strong, in [0, 1].
            on_router_error: Where a request goes whose router raised or returned no probability:
                `"strong"` (the best of `models`) keeps the quality, `"weak"` (the last of them) the cost,
                the name of one of `models` is that model, `"raise"` none of them.
            on_no_query: Where a request without a question goes, such as an image alone, by the same names.
            on_no_coverage: Where a question goes whose coverage is below 0.25, by the same names; `"score"`
                compares its score with the threshold all the same.
            router_timeout: How long a router that blocks may take over up to 8 questions, in seconds, and
                as long again for each 8 more; None waits for ever. One that takes longer has failed.
            expected_sha256: For a router given by name or folder, the hash that pins its checkpoint and
                card; see `Router.save`.
            monitor: What watches its decisions; None watches nothing.
            explore: The share of decisions by score that are drawn by lot instead, in [0, 0.05], so that
                logs can tell what the other model would have been worth; or an `Exploration`, or
                `PosteriorSampling` over a router that knows how unsure it is.
            explore_seed: Draws the same lots in the same order; None draws by the system's chance.
            guard: A function from the question to None, or to the name of the model that must answer it, or
                to an error that refuses it; or a `ConversationGuard`. It goes before all else but what a
                model cannot do, may block, and may take `router_timeout`.
            on_guard_error: Where a request goes that the guard fails on, by the names of `on_router_error`,
                or `"raise"`; `"score"` goes on without it.

        Raises:
            InvalidInputError: If an argument is outside its rule.
            UnknownNameError: If no router has that name.
            ArtifactError: If the checkpoint's config or card is damaged or not the expected one.
        """
        self._keep_rules(on_router_error, on_no_query, on_no_coverage)
        self._source = RouterSource(router, otherwise=DEFAULT_THRESHOLD, expected_sha256=expected_sha256)
        self._threshold = PolicyThreshold(self._source, threshold=threshold, strong_fraction=strong_fraction)
        self._guard = RouterGuard(router_timeout)
        self._threshold.check_models(self.models)
        self.explore = exploration_of(explore, explore_seed)
        self._on_guard_error = on_guard_error
        self.guard = guard
        self.monitor = monitor

    def __repr__(self) -> str:
        """Show the rule."""
        return f"RoutingPolicy({self.router_name!r}, {self._threshold})"

    @property
    def choice(self) -> ThresholdChoice | None:
        """How its threshold was chosen, where it was given a choice or a file that holds one."""
        return self._threshold.choice

    def save(self, path: str | Path, *, overwrite: bool = False) -> str:
        """Write a policy file, which holds no prompt; see `shared_router.policy_file` for what it says.

        Args:
            path: The file, whole or not at all.
            overwrite: Whether to replace a file that is there.

        Returns:
            The SHA-256 that pins the file, and with it the router's checkpoint; see `load`.

        Raises:
            ArtifactExistsError: If a file is there and `overwrite` is false.
            ArtifactWriteError: If there is no room or no permission; nothing is left behind then.
        """
        rules = {
            "on_router_error": self.on_router_error,
            "on_no_query": self.on_no_query,
            "on_no_coverage": self.on_no_coverage,
            "router_timeout": self._guard.timeout_s,
            **self._later_rules(),
        }
        file = policy_file(path, self._source, self._threshold, models=self.models, rules=rules)
        return write_policy(path, file, overwrite=overwrite)

    @classmethod
    def load(
        cls,
        path: str | Path,
        *,
        router: Router | str | Path | None = None,
        expected_sha256: str | None = None,
        monitor: DriftMonitor | None = None,
        guard: Guard | None = None,
    ) -> Self:
        """Make the policy that a file describes, over the very router that it was made for.

        Args:
            path: The file that `save` wrote.
            router: That router, where the file does not say where it is: one of a class of your own, or a
                folder that has moved.
            expected_sha256: The hash that `save` returned, kept where you trust it.
            monitor: As in `RoutingPolicy`; it compares with the file's scores.
            guard: As in `RoutingPolicy`; a policy that had one is not made without.

        Raises:
            InvalidInputError: If the policy had a guard, which no file holds, and none is given.
            ArtifactNotFoundError: If there is no such file.
            ArtifactCorruptError: If it is damaged, half written, or not the expected one.
            ArtifactSchemaError: If it is no policy's, or another release's.
            ArtifactMismatchError: If it was made for another router, or for other models.
        """
        file, over = read_policy(path, router=router, models=cls.models, expected_sha256=expected_sha256)
        threshold = file.threshold if file.choice is None else file.choice
        rules = guarded(arguments_of(file.rules), guard)
        policy = cls(over.router, threshold=threshold, expected_sha256=over.sha256, **rules)
        policy._threshold.file = file
        policy.monitor = monitor
        return policy
