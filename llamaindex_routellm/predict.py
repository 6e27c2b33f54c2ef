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

if TYPE_CHECKING:
    from llama_index.core.program.utils import FlexibleModel


class RoutedPredict(RoutingLLM):
    """The four methods for text and the four for structured output that take a template."""

    def predict(self, prompt: BasePromptTemplate, **prompt_args: Any) -> str:
        """Predict with the chosen model."""
        with self._route(LLMCall(template=prompt, variables=prompt_args)) as route:
            return route.llm.predict(route.filled(prompt), **prompt_args)

    async def apredict(self, prompt: BasePromptTemplate, **prompt_args: Any) -> str:
        """Predict with the chosen model."""
        with await self._aroute(LLMCall(template=prompt, variables=prompt_args)) as route:
            return await route.llm.apredict(route.filled(prompt), **prompt_args)

    def stream(self, prompt: BasePromptTemplate, **prompt_args: Any) -> TokenGen:
        """Stream a prediction by the model that is chosen now, not when the stream is first read."""
        with self._route(LLMCall(template=prompt, variables=prompt_args)) as route:
            return route.read(route.llm.stream(route.filled(prompt), **prompt_args))

    async def astream(self, prompt: BasePromptTemplate, **prompt_args: Any) -> TokenAsyncGen:
        """Stream a prediction by the model that is chosen now, not when the stream is first read."""
        with await self._aroute(LLMCall(template=prompt, variables=prompt_args)) as route:
            return route.aread(await route.llm.astream(route.filled(prompt), **prompt_args))

    def structured_predict(
        self,
        output_cls: type[Model],
        prompt: PromptTemplate,
        llm_kwargs: dict[str, Any] | None = None,
        **prompt_args: Any,
    ) -> Model:
        """Predict an object with the chosen model."""
        with self._route(_call(prompt, prompt_args)) as route:
            given = _given(llm_kwargs, prompt_args)
            answer: Model = route.llm.structured_predict(output_cls, route.filled(prompt), **given)
            return answer

    async def astructured_predict(
        self,
        output_cls: type[Model],
        prompt: PromptTemplate,
        llm_kwargs: dict[str, Any] | None = None,
        **prompt_args: Any,
    ) -> Model:
        """Predict an object with the chosen model."""
        with await self._aroute(_call(prompt, prompt_args)) as route:
            given = _given(llm_kwargs, prompt_args)
            answer: Model = await route.llm.astructured_predict(output_cls, route.filled(prompt), **given)
            return answer

    def stream_structured_predict(
        self,
        output_cls: type[Model],
        prompt: PromptTemplate,
        llm_kwargs: dict[str, Any] | None = None,
        **prompt_args: Any,
    ) -> Generator[Model | FlexibleModel, None, None]:
        """Stream an object from the model that is chosen now, not when the stream is first read."""
        with self._route(_call(prompt, prompt_args)) as route:
            given = _given(llm_kwargs, prompt_args)
            parts = route.llm.stream_structured_predict(output_cls, route.filled(prompt), **given)
            return route.read(parts)

    async def astream_structured_predict(
        self,
        output_cls: type[Model],
        prompt: PromptTemplate,
        llm_kwargs: dict[str, Any] | None = None,
        **prompt_args: Any,
    ) -> AsyncGenerator[Model | FlexibleModel, None]:
        """Stream an object from the model that is chosen now, not when the stream is first read."""
        with await self._aroute(_call(prompt, prompt_args)) as route:
            given = _given(llm_kwargs, prompt_args)
            parts = await route.llm.astream_structured_predict(output_cls, route.filled(prompt), **given)
            return route.aread(parts)


def _given(llm_kwargs: dict[str, Any] | None, prompt_args: dict[str, Any]) -> dict[str, Any]:
    """Return what the caller gave and no more: a model's own method may know no `llm_kwargs`."""
    return prompt_args if llm_kwargs is None else {"llm_kwargs": llm_kwargs, **prompt_args}


def _call(prompt: BasePromptTemplate, prompt_args: dict[str, Any]) -> LLMCall:
    return LLMCall(template=prompt, variables=prompt_args, structured=True)
