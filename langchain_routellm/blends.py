"""`BlendedChatModel`: several models answer, and the best answer, or one made of the best, is used."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from langchain_core.runnables import Runnable
from pydantic import PrivateAttr, SkipValidation
from typing_extensions import override

from langchain_routellm.arguments import refuse_misspelt
from langchain_routellm.blending import FUSER, BlendsCalls
from langchain_routellm.chat_models import RoutedChatModel
from langchain_routellm.children import Child, checked_child
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

_RULES = ("ranker", "fuser", "top_k", "on_scorer_error", "scorer_timeout", "deadline")
"""The fields that a blend is made from."""

_UNTOLD = ("resilience", "budget", "observers", "shadow")
_ROUTING = ("router", "threshold", "strong_fraction", "policy", "explore", "guard")


class BlendedChatModel(BlendsCalls, RoutedChatModel):
    """A chat model that asks several at once, ranks their answers, and uses the best or fuses the best.

    LLM-Blender (arXiv 2306.02561) over any chat models. It is used as a `RoutedChatModel` is: alone, in a
    chain, in an agent, streaming, in batches, with tools and with structured output.
    `response_metadata["routellm"]` holds the `model` whose answer it is, the `reason` (see `Blend`), the
    `ranker`, the `dollars` of all calls where prices are given, and `calls`, a list of
    `{model, score, dollars}` in order. Each call is one run, and no run stands around them.

    A call that fails, or whose answer is empty, cut short, withheld or a refusal, leaves the blend; the first
    one's error is raised where every call fails. Answers that call tools are judged by the tools' schemas and
    never fused, and neither are objects. A stream is one piece: answers are ranked when they are whole. In a
    tool loop the model that asked for the tools goes on alone; `sticky=False` blends every step.
    `{"routellm_route": "a"}` in `config["configurable"]` asks that model alone.

    Args:
        models: Two models or more by names of your own: chat models, Runnables from messages to an AIMessage,
            or "provider:model". The first counts where nothing else decides.
        ranker: What orders the answers: a `PairRanker`, anything with `scores(question, answers)`, or such a
            function. None keeps the models' order, and needs a fuser.
        fuser: What makes one answer of the best: a `GenFuser`, anything with `fuse(question, answers)`, such
            a function, or a chat model, which is asked by `fusing_prompt`. None uses the best answer.
        top_k: How many answers are fused, >= 1; of one alone nothing is made.
        on_scorer_error: What is used where the ranker fails, is late, or cannot read the question, such as an
            image: `"first"`, a model's name, or `"raise"`. Where the fuser fails, the best answer is used,
            unless it is `"raise"`.
        scorer_timeout: How long a ranker that blocks may take over one question's answers, in seconds, or
            None.
        deadline: How long all calls of one request and the fuser may take together, in seconds, or None; a
            model that is late leaves the blend, and a late fuser fails. The ranker has its own time.
        on_no_query: Where a request without a question goes: `"strong"` (the first), `"weak"` (the last).
        prices: What the models cost, by name; a chat model that fuses is called `"fuser"`.
        others: The other arguments of `RoutedChatModel`, but for those that route.

    Raises:
        InvalidInputError: If an argument is outside its rule, or there are fewer than two models.
    """

    ranker: SkipValidation[Any] = None
    fuser: SkipValidation[Any] = None
    top_k: int = TOP_K
    on_scorer_error: str = "first"
    scorer_timeout: float | None = SCORER_TIMEOUT_S
    deadline: float | None = None

    _blend: Blend = PrivateAttr()
    _blending: Blending = PrivateAttr()

    def __init__(
        self,
        *,
        models: Mapping[str, Child | str] | None = None,
        ranker: Ranker | Callable[[str, Sequence[str]], Sequence[float]] | None = None,
        fuser: Fuser | Callable[[str, Sequence[str]], str] | Child | str | None = None,
        top_k: int = TOP_K,
        on_scorer_error: str = "first",
        scorer_timeout: float | None = SCORER_TIMEOUT_S,
        deadline: float | None = None,
        **others: Any,
    ) -> None:
        known = {*type(self).model_fields, "policy", "on_no_query"}
        for name in others.keys() - known:  # a slip such as `rankr` leaves out what the next rule asks for
            refuse_misspelt(name, known)
        for name in (*_ROUTING, *_UNTOLD):
            value = others.pop(name, None)
            if value or (value is not None and name in ("threshold", "strong_fraction")):
                why = "asks every model" if name in _ROUTING else f"cannot carry out {name}"
                raise InvalidInputError(f"a blend {why}, got {name}; leave it out")
        if not isinstance(models, Mapping):
            got = "none" if models is None else type(models).__name__
            raise InvalidInputError(f"a blend must be of models by name, got {got}; give models={{...}}")
        rules: builtins.dict[str, Any] = {"ranker": ranker, "fuser": _checked_fuser(fuser), "top_k": top_k}
        rules |= {"on_scorer_error": on_scorer_error, "scorer_timeout": scorer_timeout, "deadline": deadline}
        blend, blending = _blend_of(list(models), rules)
        given = others.pop("given_policy", None) or BlendPolicy(
            list(models), on_no_query=others.pop("on_no_query", "strong")
        )
        RoutedChatModel.__init__(self, models=models, given_policy=given, **{**others, **rules})
        self._blend, self._blending = blend, blending

    @override
    def __setattr__(self, name: str, value: Any) -> None:
        """Change a field under the rules that the constructor has for it."""
        if name not in _RULES:
            super().__setattr__(name, value)
            return
        value = _checked_fuser(value) if name == "fuser" else value
        made = _blend_of(list(self.children), {**{rule: getattr(self, rule) for rule in _RULES}, name: value})
        super().__setattr__(name, value)
        self._blend, self._blending = made

    @property
    @override
    def blend(self) -> Blend:
        return self._blend

    @property
    @override
    def blending(self) -> Blending:
        return self._blending

    @property
    @override
    def fusing_model(self) -> Runnable[Any, Any] | None:
        return self.fuser if isinstance(self.fuser, Runnable) else None

    @property
    @override
    def _identifying_params(self) -> Mapping[str, Any]:
        return {**super()._identifying_params, "blend": repr(self.blend)}

    @override
    def _others(self) -> set[str]:
        return super()._others() | {FUSER}


def _checked_fuser(fuser: Any) -> Any:
    return checked_child("fuser", fuser) if isinstance(fuser, (str, Runnable)) else fuser


def _blend_of(models: Sequence[str], rules: Mapping[str, Any]) -> tuple[Blend, Blending]:
    """Return the blend that the values of these fields make, and what asks its ranker and its fuser."""
    return made_blend(models, by_model=isinstance(rules["fuser"], Runnable), **rules)
