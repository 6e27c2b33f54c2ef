"""The settings of a cascaded LLM, checked where they are given, and the cascade that they make."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any

from llama_index.core.llms import LLM

from llamaindex_routellm.answers import name_of
from llamaindex_routellm.settings import Settings
from shared_router import (
    SCORER_TIMEOUT_S,
    Cascade,
    Judging,
    OnScorerError,
    OnStream,
    OnToolCalls,
    Scorer,
    WeakFirst,
    made_cascade,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CascadeSettings(Settings):
    """What a `CascadedLLM` is told beside its models; see there.

    Attributes:
        cascade: What decides by the weak answer.
        judging: What asks the scorer.
    """

    threshold: float | None = 0.5
    scorer: Scorer | Callable[[str, str], float] | None = None
    router_threshold: float | None = None
    on_tool_calls: OnToolCalls = "score"
    on_stream: OnStream = "buffer"
    on_scorer_error: OnScorerError = "strong"
    scorer_timeout: float | None = SCORER_TIMEOUT_S
    deadline: float | None = None
    cascade: Cascade = field(init=False, repr=False, compare=False)
    judging: Judging = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse what no cascaded LLM can be told, and make its cascade."""
        Settings.__post_init__(self)
        cascade, judging = made_cascade(
            self.scorer,  # type: ignore[arg-type]  # refused there, where it is None
            threshold=self.threshold,  # type: ignore[arg-type]
            on_scorer_error=self.on_scorer_error,
            on_tool_calls=self.on_tool_calls,
            on_stream=self.on_stream,
            scorer_timeout=self.scorer_timeout,
            deadline=self.deadline,
            has_router=self.router is not None or self.policy is not None,
        )
        object.__setattr__(self, "cascade", cascade)
        object.__setattr__(self, "judging", judging)

    def check_scorer(self, weak: LLM) -> None:
        """Check that a scorer that was fitted for one model judges that one.

        Raises:
            InvalidInputError: If the weak model is another.
        """
        if self.cascade.scorer.model != self.cascade.weak:
            self.cascade.scorer.check_model(name_of(weak) or None)

    def _rules(self) -> dict[str, Any]:
        if self.router is None and self.policy is None:
            return {**Settings._rules(self), "router": WeakFirst(), "threshold": 1.0}
        return {**Settings._rules(self), "threshold": self.router_threshold}


CASCADE_SETTINGS = frozenset(each.name for each in fields(CascadeSettings) if each.init)
"""What a cascaded LLM is told beside its models, and decides by."""
