"""Structured output, routed as one: `RoutedLLM.as_structured_llm`."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from typing import Any

from llama_index.core.llms import LLM
from llama_index.core.llms.structured_llm import StructuredLLM
from pydantic import SerializeAsAny

from llamaindex_routellm.base import RoutingLLM
from llamaindex_routellm.calls import LLMCall
from llamaindex_routellm.chat import RoutedChat
from llamaindex_routellm.predict import RoutedPredict
from llamaindex_routellm.routing import Route


class RoutedStructuredLLM(RoutedChat, RoutedPredict, StructuredLLM):
    """Answer every call with an object, made by the chosen model's own structured LLM.

    LlamaIndex's class would format a template first and route on the stuffed prompt; this one routes on
    the template's question and hands the chosen model the template.
    """

    llm: SerializeAsAny[RoutingLLM]

    @property
    def children(self) -> Mapping[str, LLM]:
        """The models by name, best first."""
        return self.llm.children

    def __getstate__(self) -> dict[str, Any]:
        """Pickle with the routed LLM, or say why that cannot be; LlamaIndex would drop it without a word."""
        pickle.dumps(self.llm)
        return super().__getstate__()

    def _route(self, call: LLMCall) -> Route:
        return self._structured(self.llm._route(call))

    async def _aroute(self, call: LLMCall) -> Route:
        return self._structured(await self.llm._aroute(call))

    def _structured(self, route: Route) -> Route:
        own = {name: getattr(self, name) for name in self.model_fields_set - {"llm", "output_cls"}}
        return Route(route.llm.as_structured_llm(self.output_cls, **own), route.metadata, route.prices)
