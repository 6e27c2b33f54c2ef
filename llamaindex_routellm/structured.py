"""Structured output, routed as one: `RoutedLLM.as_structured_llm`."""

from __future__ import annotations

import hashlib
import json
import pickle
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

from llama_index.core.llms import LLM
from llama_index.core.llms.structured_llm import StructuredLLM
from pydantic import (
    BaseModel,
    SerializationInfo,
    SerializeAsAny,
    SerializerFunctionWrapHandler,
    model_serializer,
)
from typing_extensions import Self

from llamaindex_routellm.base import Answer, RoutingLLM
from llamaindex_routellm.calls import LLMCall
from llamaindex_routellm.chat import RoutedChat
from llamaindex_routellm.portable import class_of, name_of
from llamaindex_routellm.predict import RoutedPredict
from llamaindex_routellm.route import Route


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

    @model_serializer(mode="wrap")
    def custom_model_dump(
        self, handler: SerializerFunctionWrapHandler, info: SerializationInfo
    ) -> dict[str, Any]:
        """Describe this LLM wherever it is dumped, with a hash of the objects that it answers with."""
        del info
        schema = json.dumps(self.output_cls.model_json_schema(), sort_keys=True, default=str)
        answers = hashlib.sha256(f"{name_of(self.output_cls)} {schema}".encode()).hexdigest()
        return {**handler(self), "class_name": self.class_name(), "answers": answers}

    def to_dict(self, **kwargs: Any) -> dict[str, Any]:
        """Write this LLM as data, without keys, for `from_dict`; a class of a function's own stays itself."""
        local = "<" in self.output_cls.__qualname__
        answers = self.output_cls if local else name_of(self.output_cls)
        return {**super().to_dict(**kwargs), "llm": self.llm.to_dict(), "output_cls": answers}

    @classmethod
    def from_dict(cls, data: dict[str, Any], **kwargs: Any) -> Self:
        """Make an LLM of what `to_dict` wrote; its models read their keys from the environment.

        Raises:
            InvalidInputError: If it names a class that cannot be imported, or is none of its kind.
        """
        answers, llm = data["output_cls"], data["llm"]
        made = {
            "output_cls": answers if isinstance(answers, type) else class_of(answers, BaseModel),
            "llm": class_of(llm["class"], RoutingLLM).from_dict(llm),
        }
        fields = {name: value for name, value in data.items() if name not in ("class_name", "answers")}
        return cls(**{**fields, **made, **kwargs})

    def __getstate__(self) -> dict[str, Any]:
        """Pickle with the routed LLM, or say why that cannot be; LlamaIndex would drop it without a word."""
        pickle.dumps(self.llm)
        return super().__getstate__()

    def _route(self, call: LLMCall) -> Route:
        return self._structured(self.llm._route(self._wanted(call)))

    async def _aroute(self, call: LLMCall) -> Route:
        return self._structured(await self.llm._aroute(self._wanted(call)))

    # not by a route of its own: the LLM may ask more than one model
    def _ask(self, call: LLMCall, ask: Callable[[Route], Answer]) -> Answer:
        def asked(route: Route) -> Answer:
            with self._structured(route) as structured:
                return ask(structured)

        return self.llm._ask(self._wanted(call), asked)

    async def _aask(self, call: LLMCall, ask: Callable[[Route], Awaitable[Answer]]) -> Answer:
        async def asked(route: Route) -> Answer:
            with self._structured(route) as structured:
                return await ask(structured)

        return await self.llm._aask(self._wanted(call), asked)

    def _wanted(self, call: LLMCall) -> LLMCall:
        return replace(call, structured=True, output_cls=self.output_cls)

    def _structured(self, route: Route) -> Route:
        own = {name: getattr(self, name) for name in self.model_fields_set - {"llm", "output_cls"}}
        return route.over(route.llm.as_structured_llm(self.output_cls, **own))
