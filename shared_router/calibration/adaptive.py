"""A threshold that moves, so that a share or a bill is held while the traffic changes."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from pathlib import Path
from typing import Any

from shared_router.calibration.goals import DollarsGoal, ShareGoal, goal_of
from shared_router.calibration.held_state import HeldState, Moves, held_state_of
from shared_router.calibration.recent_scores import RecentScores
from shared_router.calibration.shared_state import SharedState
from shared_router.choices import shown
from shared_router.decisions import RoutingDecision, RoutingRequest
from shared_router.errors import ArtifactError, InvalidInputError
from shared_router.quantiles import ScoreQuantiles
from shared_router.scoring.workers import Workers

_logger = logging.getLogger(__name__)

_EVERY = 16
_N_SAVED_SCORES = 101


class AdaptiveThreshold:
    """Hold a share of strong, or dollars an hour, by moving the threshold a little with every decision.

    Integral control on the score's quantile, as adaptive conformal inference has it (Gibbs and Candes 2021,
    equation 2): the threshold is the 1 - u quantile of the last 500 scores, and after each decision

        u <- u + step (share - 1 if it went strong, share if not)

    At u <= 0 nothing goes strong and at u >= 1 everything does, so u stays in [-step, 1 + step], and for any
    traffic whatever, drifting or hostile, after n decisions

        |share that went strong - share to hold| <= (1 + step) / (step n)

    which is 0.10 after 1,000 of them at the default step and 0.01 after 10,000. For D dollars an hour the
    bracket is (D dt - what the decision costs) / (strong's dollars - weak's): in any time T at most D T is
    spent and what 1 / step strong answers cost more than weak ones, as long as sending all to weak is within
    D. That is no limit in dollars, which is a budget's. Only new scores move a share: no request that names
    its own threshold or that no score decides; such cost dollars all the same.

    It is given where a policy takes a threshold. One object serves many threads, one `state` many processes.

    Args:
        strong_fraction: The share to hold, in [0, 1].
        dollars_per_hour: In its place, what to spend in an hour, > 0.
        dollars: With `dollars_per_hour`, what one request to each model costs on average, by the models'
            names.
        step: How far one decision moves u, in (0, 0.5]: a larger step follows faster and wavers more.
        state: A file that keeps u between runs and shares it between processes: read at the start, written by
            a thread after every 16th decision, and by `flush`. It holds no prompt.
        clock: Tells the time in seconds since 1970. A jump back counts as no time, until the clock is where
            it was or for good where that is an hour or more; one ahead counts as an hour.

    Raises:
        InvalidInputError: If an argument is outside its rule.
        ArtifactCorruptError: If the state's file is damaged.
    """

    def __init__(
        self,
        *,
        strong_fraction: float | None = None,
        dollars_per_hour: float | None = None,
        dollars: Mapping[str, float] | None = None,
        step: float = 0.01,
        state: str | Path | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.goal = goal_of(strong_fraction, dollars_per_hour, dollars)
        if not isinstance(step, float) or not 0 < step <= 0.5:
            raise InvalidInputError(f"step must be in (0, 0.5], got {shown(step)}; the default is 0.01")
        if not callable(clock):
            raise InvalidInputError(f"clock must be a function that returns seconds, got {shown(clock)}")
        if state is not None and not isinstance(state, (str, os.PathLike)):
            raise InvalidInputError(f"state must be the path of a file or None, got {shown(state)}")
        self.step = step
        self.clock = clock
        self._scores = RecentScores()
        self._shared = None if state is None else SharedState(state)
        known = held_state_of(self._shared.read()) if self._shared is not None else None
        self._state = HeldState(self.goal.start, at=clock())
        if known is not None:
            self._state, scores = known
            self._scores.begin(scores)
        self._unwritten = Moves()
        self._value: float | None = None
        self._begun = False
        self._workers = Workers(size=1)
        self._lock = threading.Lock()
        self._writing = threading.Lock()

    def __repr__(self) -> str:
        """Show what is held."""
        return f"AdaptiveThreshold({self.goal})"

    @property
    def state(self) -> HeldState:
        """What it has come to: the share it aims at, and what it has seen."""
        return self._state

    @property
    def value(self) -> float:
        """The threshold now, in [0, 1]."""
        value = self._value
        if value is None:
            with self._lock:
                value = self._value = self._scores.threshold(self._state.share)
        return value

    def check_models(self, models: tuple[str, ...]) -> None:
        """Check that it is known what each of a policy's models costs, where that is needed.

        Raises:
            InvalidInputError: If it is not.
        """
        if isinstance(self.goal, DollarsGoal) and set(self.goal.by_model) != set(models):
            raise InvalidInputError(
                f"dollars must be given for the policy's models, {sorted(models)}, got "
                f"{sorted(self.goal.by_model)}"
            )

    def begin(self, scores: Callable[[], ScoreQuantiles | None]) -> None:
        """Take scores to begin with, once; a policy calls this before it asks for `value`.

        Args:
            scores: Returns those that the policy knows.
        """
        if self._begun:
            return
        with self._lock:  # others wait for the scores that their threshold follows from
            if self._begun:
                return
            if not len(self._scores):
                known = scores()
                self._scores.begin([] if known is None else known.values)
                self._value = None
            self._begun = True

    def observe(
        self, request: RoutingRequest, decision: RoutingDecision, *, strong: bool, scored: bool
    ) -> None:
        """Move the threshold by a decision; a policy calls this.

        Args:
            request: The request: one that names its own threshold moves no share.
            decision: What was decided.
            strong: Whether it went to the best of the policy's models.
            scored: Whether a new score made it.
        """
        scored = scored and decision.win_probability is not None and request.threshold is None
        if not scored and isinstance(self.goal, ShareGoal):
            return
        debit = self.goal.debit(decision.model, strong=strong)
        moves = Moves(debit, 1, int(strong), self.goal.dollars(decision.model))
        with self._lock:
            if scored and decision.win_probability is not None:
                self._scores.add(decision.win_probability)
            self._state = self._after(self._state, moves)
            self._unwritten += moves
            self._value = None
            due = self._shared is not None and self._unwritten.n % _EVERY == 0
        if due:
            self._workers.submit(self.flush)

    def flush(self) -> bool:
        """Write the state now, and take what other processes have written.

        Returns:
            Whether that was done: False where there is no file, where another process is at it, and where it
            cannot be written, which is logged.
        """
        if self._shared is None or not self._writing.acquire(blocking=False):
            return False
        try:
            with self._lock:
                ours, self._unwritten, here = self._unwritten, Moves(), self._state
                scores = self._scores.quantiles(_N_SAVED_SCORES)
            merged = self._merge(self._shared, ours, here, scores)
            with self._lock:
                if merged is None:
                    self._unwritten += ours
                else:
                    self._state = self._after(merged, self._unwritten)
                    self._value = None
            return merged is not None
        finally:
            self._writing.release()

    def __getstate__(self) -> dict[str, Any]:
        """Leave the locks, and what is unwritten, which is the original's, out of pickles and copies."""
        with self._lock:
            scores = copy(self._scores)
            return {
                **self.__dict__,
                "_lock": None,
                "_writing": None,
                "_unwritten": Moves(),
                "_scores": scores,
            }

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take what `__getstate__` gave."""
        self.__dict__.update(state, _lock=threading.Lock(), _writing=threading.Lock())

    def _after(self, state: HeldState, moves: Moves) -> HeldState:
        return state.after(moves, self.clock(), goal=self.goal, step=self.step)

    def _merge(
        self, shared: SharedState, ours: Moves, here: HeldState, scores: Sequence[float]
    ) -> HeldState | None:
        def merged(data: dict[str, object] | None) -> tuple[dict[str, object], HeldState]:
            try:
                known = held_state_of(data)
            except ArtifactError as error:
                _logger.warning("a threshold's state is begun anew: %s", error)
                known = None
            state = here if known is None else self._after(known[0], ours)
            return state.as_json(scores), state

        try:
            return shared.change(merged)
        except ArtifactError as error:
            _logger.warning("a threshold's state could not be written: %s", error)
            return None
