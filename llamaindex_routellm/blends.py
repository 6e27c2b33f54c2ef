"""`BlendedLLM`: several LLMs answer, and the best answer, or one made of the best, is used."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, cast

from llama_index.core.llms import LLM

from llamaindex_routellm.base import Answer
from llamaindex_routellm.blend_settings import BLEND_SETTINGS, BlendSettings, without_policy
from llamaindex_routellm.blending import BlendAtWork
from llamaindex_routellm.calls import LLMCall
from llamaindex_routellm.changes import SETTINGS
from llamaindex_routellm.children import NOT_GIVEN, refuse_own_fields
from llamaindex_routellm.content import contents_of
from llamaindex_routellm.ended_calls import EndedCalls
from llamaindex_routellm.held_answers import aread_again, asked_now, read_again
from llamaindex_routellm.llm import RoutedLLM
from llamaindex_routellm.route import Route
from llamaindex_routellm.routing import DecidedCall
from llamaindex_routellm.scorable import Parts
from llamaindex_routellm.tools import RoutedTools
from shared_router import (
    SCORER_TIMEOUT_S,
    TOP_K,
    Ask,
    Blend,
    Fuser,
    InvalidInputError,
    Ranker,
    ablended,
    blended,
)

if TYPE_CHECKING:
    from llama_index.core.chat_engine.types import AgentChatResponse


class BlendedLLM(RoutedLLM):
    """Ask several LLMs at once, rank their answers, and use the best or fuse the best.

    LLM-Blender (arXiv 2306.02561) over any LLMs. It takes the place of an LLM anywhere in LlamaIndex, as
    `RoutedLLM` does. A response's `additional_kwargs["routellm"]` holds the `model` whose answer it is, the
    `reason` (see `Blend`), the `ranker`, the `dollars` of all calls where prices are given, and `calls`, a
    list of `{model, score, dollars}` in order.

    A call that fails, or whose answer is empty, cut short, withheld or a refusal, leaves the blend; the first
    one's error is raised where every call fails. Answers that call tools are judged by the tools' schemas and
    never fused, and neither are objects. A stream is read to its end before it is ranked, and streams again
    as it came; a fused one is one piece. In a tool loop the model that asked for the tools goes on alone;
    `sticky=False` blends every step. `llm.override(route="a")` asks that model alone.

    Args:
        models: Two LLMs or more by names of your own. The first counts where nothing else decides.
        ranker: What orders the answers: a `PairRanker`, anything with `scores(question, answers)`, or such a
            function. None keeps the models' order, and needs a fuser.
        fuser: What makes one answer of the best: a `GenFuser`, anything with `fuse(question, answers)`, such
            a function, or an LLM, which is asked by `fusing_prompt`. None uses the best answer.
        top_k: How many answers are fused, >= 1; of one alone nothing is made.
        on_scorer_error: What is used where the ranker fails, is late, or cannot read the question, such as an
            image: `"first"`, a model's name, or `"raise"`. Where the fuser fails, the best answer is used,
            unless it is `"raise"`.
        scorer_timeout: How long a ranker that blocks may take over one question's answers, in seconds, or
            None.
        deadline: How long all models and the fuser may take together over one call, in seconds, or None; a
            model that is late leaves the blend, and a late fuser fails. The ranker has its own time.
        **routing: The other arguments of `RoutedLLM`, but for those that route; in `prices` an LLM that fuses
            is called `"fuser"`.

    Raises:
        InvalidInputError: If an argument is outside its rule, or there are fewer than two models.
    """

    _setting_names: ClassVar[frozenset[str]] = SETTINGS | BLEND_SETTINGS

    def __init__(
        self,
        *,
        models: Mapping[str, LLM] | None = None,
        ranker: Ranker | Callable[[str, Sequence[str]], Sequence[float]] | None = None,
        fuser: Fuser | Callable[[str, Sequence[str]], str] | LLM | None = None,
        top_k: int = TOP_K,
        on_scorer_error: str = "first",
        scorer_timeout: float | None = SCORER_TIMEOUT_S,
        deadline: float | None = None,
        **routing: Any,
    ) -> None:
        if not isinstance(models, Mapping):
            got = "none" if models is None else type(models).__name__
            raise InvalidInputError(f"a blend must be of models by name, got {got}; give models={{...}}")
        manager, prompt = routing.pop("callback_manager", None), routing.pop("system_prompt", None)
        refuse_own_fields(
            {name: value for name, value in routing.items() if name not in SETTINGS}, type(self).__init__
        )
        settings = BlendSettings(
            ranker=ranker,
            fuser=fuser,
            top_k=top_k,
            on_scorer_error=on_scorer_error,
            scorer_timeout=scorer_timeout,
            deadline=deadline,
            **without_policy(routing, list(models)),
        )
        self._made_of(settings, NOT_GIVEN, NOT_GIVEN, models, manager, prompt)
        EndedCalls.watch()

    @classmethod
    def class_name(cls) -> str:
        """Name the class, as LlamaIndex serialises it."""
        return "BlendedLLM"

    @property
    def blend(self) -> Blend:
        """What decides by the answers."""
        return self._blending.blend

    def predict_and_call(self, *args: Any, **kwargs: Any) -> AgentChatResponse:
        """Have a model pick tools, and call them once its picks are accepted."""
        # past RoutedTools: a model's own method would call the tools before its answer is judged
        return super(RoutedTools, self).predict_and_call(*args, **kwargs)

    async def apredict_and_call(self, *args: Any, **kwargs: Any) -> AgentChatResponse:
        """Have a model pick tools, and call them once its picks are accepted."""
        return await super(RoutedTools, self).apredict_and_call(*args, **kwargs)

    def _ask(self, call: LLMCall, ask: Callable[[Route], Answer]) -> Answer:
        work = self._work(call, self._routing.decided(self.children, call, by_own_threshold=False), ask)
        found = blended(
            self.blend.steps(work.request),
            work,
            blending=work.blending,
            deadline=work.request.deadline,
        )
        if isinstance(found, Ask):
            with work.last(found) as route:
                return ask(route)
        answer = work.used(found)
        return cast("Answer", read_again(answer) if isinstance(answer, Parts) else answer)

    async def _aask(self, call: LLMCall, ask: Callable[[Route], Awaitable[Answer]]) -> Answer:
        decided = await self._routing.adecided(self.children, call, by_own_threshold=False)
        work = self._work(call, decided, ask)
        found = await ablended(
            self.blend.steps(work.request),
            work,
            blending=work.blending,
            deadline=work.request.deadline,
        )
        if isinstance(found, Ask):
            with work.last(found) as route:
                return await ask(route)
        answer = work.used(found)
        return cast("Answer", aread_again(answer) if isinstance(answer, Parts) else answer)

    def _work(self, call: LLMCall, decided: DecidedCall, make: Callable[[Route], Any]) -> BlendAtWork:
        return BlendAtWork(
            self._blending,
            self._routing,
            self.children,
            call,
            decided,
            holds=frozenset(contents_of(asked_now(call))),
            make=make,
        )

    @property
    def _blending(self) -> BlendSettings:
        return cast("BlendSettings", self._given)
