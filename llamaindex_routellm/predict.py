"""Prediction from templates, routed: the one place where a question is still apart from its documents.

The chosen model formats the template itself, with its own system prompt, output parser and prompt
format, and answers structured calls with its own schema support.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator
from typing import TYPE_CHECKING, Any

from llama_index.core.prompts import BasePromptTemplate, PromptTemplate
from llama_index.core.types import Model, TokenAsyncGen, TokenGen

from llamaindex_routellm.base import RoutingLLM
from llamaindex_routellm.calls import LLMCall
from llamaindex_routellm.route import Route

if TYPE_CHECKING:
    from llama_index.core.program.utils import FlexibleModel


class RoutedPredict(RoutingLLM):
    """The four methods for text and the four for structured output that take a template."""

    def predict(self, prompt: BasePromptTemplate, **prompt_args: Any) -> str:
        """Predict with the chosen model."""
        call = LLMCall(template=prompt, variables=prompt_args)
        return self._ask(call, lambda route: route.llm.predict(route.filled(prompt), **prompt_args))

    async def apredict(self, prompt: BasePromptTemplate, **prompt_args: Any) -> str:
        """Predict with the chosen model."""
        call = LLMCall(template=prompt, variables=prompt_args)
        return await self._aask(call, lambda route: route.llm.apredict(route.filled(prompt), **prompt_args))

    def stream(self, prompt: BasePromptTemplate, **prompt_args: Any) -> TokenGen:
        """Stream a prediction by the model that is chosen now, not when the stream is first read."""

        def ask(route: Route) -> TokenGen:
            return route.read(route.llm.stream(route.filled(prompt), **prompt_args))

        return self._ask(LLMCall(template=prompt, variables=prompt_args, streams=True), ask)

    async def astream(self, prompt: BasePromptTemplate, **prompt_args: Any) -> TokenAsyncGen:
        """Stream a prediction by the model that is chosen now, not when the stream is first read."""

        async def ask(route: Route) -> TokenAsyncGen:
            return route.aread(await route.llm.astream(route.filled(prompt), **prompt_args))

        return await self._aask(LLMCall(template=prompt, variables=prompt_args, streams=True), ask)

    def structured_predict(
        self,
        output_cls: type[Model],
        prompt: PromptTemplate,
        llm_kwargs: dict[str, Any] | None = None,
        **prompt_args: Any,
    ) -> Model:
        """Predict an object with the chosen model."""

        def ask(route: Route) -> Model:
            given = _given(llm_kwargs, prompt_args)
            answer: Model = route.llm.structured_predict(output_cls, route.filled(prompt), **given)
            return answer

        return self._ask(_call(output_cls, prompt, llm_kwargs, prompt_args), ask)

    async def astructured_predict(
        self,
        output_cls: type[Model],
        prompt: PromptTemplate,
        llm_kwargs: dict[str, Any] | None = None,
        **prompt_args: Any,
    ) -> Model:
        """Predict an object with the chosen model."""

        async def ask(route: Route) -> Model:
            given = _given(llm_kwargs, prompt_args)
            answer: Model = await route.llm.astructured_predict(output_cls, route.filled(prompt), **given)
            return answer

        return await self._aask(_call(output_cls, prompt, llm_kwargs, prompt_args), ask)

    def stream_structured_predict(
        self,
        output_cls: type[Model],
        prompt: PromptTemplate,
        llm_kwargs: dict[str, Any] | None = None,
        **prompt_args: Any,
    ) -> Generator[Model | FlexibleModel, None, None]:
        """Stream an object from the model that is chosen now, not when the stream is first read."""

        def ask(route: Route) -> Generator[Model | FlexibleModel, None, None]:
            given = _given(llm_kwargs, prompt_args)
            return route.read(route.llm.stream_structured_predict(output_cls, route.filled(prompt), **given))

        return self._ask(_call(output_cls, prompt, llm_kwargs, prompt_args, streams=True), ask)

    async def astream_structured_predict(
        self,
        output_cls: type[Model],
        prompt: PromptTemplate,
        llm_kwargs: dict[str, Any] | None = None,
        **prompt_args: Any,
    ) -> AsyncGenerator[Model | FlexibleModel, None]:
        """Stream an object from the model that is chosen now, not when the stream is first read."""

        async def ask(route: Route) -> AsyncGenerator[Model | FlexibleModel, None]:
            given = _given(llm_kwargs, prompt_args)
            parts = await route.llm.astream_structured_predict(output_cls, route.filled(prompt), **given)
            return route.aread(parts)

        return await self._aask(_call(output_cls, prompt, llm_kwargs, prompt_args, streams=True), ask)


def _given(llm_kwargs: dict[str, Any] | None, prompt_args: dict[str, Any]) -> dict[str, Any]:
    """Return what the caller gave and no more: a model's own method may know no `llm_kwargs`."""
    return prompt_args if llm_kwargs is None else {"llm_kwargs": llm_kwargs, **prompt_args}


def _call(
    output_cls: type,
    prompt: BasePromptTemplate,
    llm_kwargs: dict[str, Any] | None,
    prompt_args: dict[str, Any],
    *,
    streams: bool = False,
) -> LLMCall:
    return LLMCall(
        template=prompt,
        variables=prompt_args,
        structured=True,
        output_cls=output_cls,
        streams=streams,
        options=llm_kwargs or {},
    )
