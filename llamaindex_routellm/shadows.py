"""The very call that one model answers, asked of another one where nobody waits: a shadow's."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Generator
from typing import TYPE_CHECKING, Any

from llama_index.core.callbacks import CallbackManager
from llama_index.core.llms import LLM

from llamaindex_routellm.answer_facts import facts_of, responses_of
from llamaindex_routellm.route import Models, Route
from llamaindex_routellm.scorable import text_of

if TYPE_CHECKING:
    from shared_router import ShadowReply


def shadow_asking(models: Models, ask: Callable[[Route], Any]) -> Callable[[str], ShadowReply]:
    """Return what asks a model of the call's models, by name, and reads its answer to the end.

    Args:
        models: The models.
        ask: Makes the call, of the model that a route leads to.
    """

    def asked(name: str) -> ShadowReply:
        route = _route(models, name)
        with route:
            output = ask(route)
        return _reply(route, list(output)[-1:] if isinstance(output, Generator) else [output])

    return asked


def ashadow_asking(
    models: Models, ask: Callable[[Route], Awaitable[Any]]
) -> Callable[[str], Coroutine[Any, Any, ShadowReply]]:
    """Return what asks a model like `shadow_asking`, without holding up the event loop."""

    async def asked(name: str) -> ShadowReply:
        route = _route(models, name)
        with route:
            output = await ask(route)
        if not isinstance(output, AsyncGenerator):
            return _reply(route, [output])
        return _reply(route, [part async for part in output][-1:])

    return asked


def _route(models: Models, name: str) -> Route:
    return Route(_alone(models.by_name[name]), {"model": name, "reason": "shadow"}, models)


def _alone(llm: LLM) -> LLM:
    """Return a model without the caller's callbacks: their run has ended, and this is none of it."""
    return llm.model_copy(update={"callback_manager": CallbackManager([])})


def _reply(route: Route, output: list[Any]) -> ShadowReply:
    from shared_router import ShadowReply  # which a program without shadows does not load

    responses = responses_of(output, route.responses)
    return ShadowReply(text_of(responses[-1]) if responses else None, facts_of(responses).usage)
