"""The settings of a blended LLM, checked where they are given, and the blend that they make."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from llama_index.core.llms import LLM

from llamaindex_routellm.settings import Settings
from shared_router import (
    SCORER_TIMEOUT_S,
    TOP_K,
    Blend,
    Blending,
    BlendPolicy,
    Fuser,
    InvalidInputError,
    Ranker,
    made_blend,
)

FUSER = "fuser"
"""What decisions and prices call an LLM that fuses."""

_ROUTING = ("router", "threshold", "strong_fraction", "explore", "guard")
_UNTOLD = ("resilience", "budget", "observers", "shadow")


@dataclass(frozen=True, slots=True, kw_only=True)
class BlendSettings(Settings):
    """What a `BlendedLLM` is told beside its models; see there.

    Attributes:
        blend: What decides by the answers.
        blending: What asks the ranker and the fuser.
    """

    ranker: Ranker | Callable[[str, Sequence[str]], Sequence[float]] | None = None
    fuser: Fuser | Callable[[str, Sequence[str]], str] | LLM | None = None
    top_k: int = TOP_K
    on_scorer_error: str = "first"
    scorer_timeout: float | None = SCORER_TIMEOUT_S
    deadline: float | None = None
    blend: Blend = field(init=False, repr=False, compare=False)
    blending: Blending = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse what no blended LLM can be told, and make its blend."""
        for name in (*_ROUTING, *_UNTOLD):
            value = getattr(self, name)
            if value or (value is not None and name in ("threshold", "strong_fraction")):
                why = "asks every model" if name in _ROUTING else f"cannot carry out {name}"
                raise InvalidInputError(f"a blend {why}, got {name}; leave it out")
        if not isinstance(self.policy, BlendPolicy):
            raise InvalidInputError("a blend asks every model, got policy; leave it out")
        Settings.__post_init__(self)
        blend, blending = made_blend(
            self.policy.models,
            ranker=self.ranker,
            fuser=self.fuser,  # type: ignore[arg-type]  # an LLM is called as one
            by_model=isinstance(self.fuser, LLM),
            top_k=self.top_k,
            on_scorer_error=self.on_scorer_error,
            scorer_timeout=self.scorer_timeout,
            deadline=self.deadline,
        )
        object.__setattr__(self, "blend", blend)
        object.__setattr__(self, "blending", blending)

    def others(self, children: Mapping[str, LLM]) -> set[str]:
        """Return the names of models that may answer beside the children, for their prices."""
        return Settings.others(self, children) | {FUSER}


BLEND_SETTINGS = frozenset(each.name for each in fields(BlendSettings) if each.init)
"""What a blended LLM is told beside its models, and decides by."""


def without_policy(routing: Mapping[str, Any], models: Sequence[str]) -> dict[str, Any]:
    """Return a blend's routing with the policy that its models make, unless it has one.

    Args:
        routing: The constructor's other arguments.
        models: The models' names.
    """
    given = dict(routing)
    if given.get("policy") is None:
        given["policy"] = BlendPolicy(models, on_no_query=given.pop("on_no_query", None) or "strong")
    return given
