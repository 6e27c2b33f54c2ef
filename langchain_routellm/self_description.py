"""What a routed model says of itself: the tokens of a text, its abilities, its name in a trace.

It has no tokens, abilities or name of its own, so it says what is true of its children: of both, where
one answer must hold whichever of them is chosen.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from langchain_core.language_models import BaseChatModel, BaseLanguageModel, ModelProfile
from langchain_core.language_models.base import LangSmithParams
from langchain_core.messages import BaseMessage
from langchain_core.runnables import ConfigurableFieldSpec, Runnable
from langchain_core.runnables.utils import get_unique_config_specs
from typing_extensions import override

from langchain_routellm.children import chat_models_in, name_of
from langchain_routellm.override import runtime_specs
from shared_router import InvalidInputError


class SelfDescription(BaseChatModel):
    """A chat model that is described by its children."""

    @property
    @abstractmethod
    def children(self) -> Mapping[str, Runnable[Any, Any]]:
        """The models by the names that decisions give them."""

    @property
    @override
    def config_specs(self) -> list[ConfigurableFieldSpec]:
        of_children = [spec for child in self.children.values() for spec in child.config_specs]
        return get_unique_config_specs([*runtime_specs(), *of_children])

    @override
    def get_token_ids(self, text: str) -> list[int]:
        counter = self.custom_get_token_ids or self._counting_child.get_token_ids
        return counter(text)

    @override
    def get_num_tokens(self, text: str) -> int:
        if self.custom_get_token_ids is not None:
            return super().get_num_tokens(text)
        return self._counting_child.get_num_tokens(text)

    @override
    def get_num_tokens_from_messages(
        self, messages: list[BaseMessage], tools: Sequence[Any] | None = None
    ) -> int:
        if self.custom_get_token_ids is not None:
            return super().get_num_tokens_from_messages(messages, tools)
        return self._counting_child.get_num_tokens_from_messages(messages, tools)

    @property
    def _counting_child(self) -> BaseLanguageModel[Any]:
        """The child that counts tokens: the base class would download a tokenizer that is neither's."""
        counting = [child for child in self.children.values() if hasattr(child, "get_num_tokens")]
        if not counting:
            raise InvalidInputError(
                "a child must be able to count tokens, and strong and weak cannot; give custom_get_token_ids"
            )
        return cast("BaseLanguageModel[Any]", counting[0])

    @property
    @override
    def _llm_type(self) -> str:
        # libraries look a provider up by it: how it counts tokens, whether it takes caching marks
        types = {model._llm_type for child in self.children.values() for model in chat_models_in(child)}
        return types.pop() if len(types) == 1 else "routellm"

    @property
    def model_name(self) -> str:
        """The children's model's name where it is one and the same, else all names in `routellm(...)`."""
        # Who asks looks for patterns in it. No pattern begins inside the brackets, so that one child's name
        # promises nothing for the other; "gemini" is looked for anywhere, as what must be kept from it.
        names = dict.fromkeys(self._model_names())
        return next(iter(names)) if len(names) == 1 else f"routellm({' | '.join(names)})"

    @property
    def model(self) -> str:
        """What `model_name` is; some libraries ask for it by this name."""
        return self.model_name

    def _model_names(self) -> list[str]:
        return [name_of(child) for child in self.children.values()]

    @override
    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> LangSmithParams:
        return shared_ls_params(self.children.values(), stop=stop, **kwargs)

    @override
    def _resolve_model_profile(self) -> ModelProfile | None:
        profile = shared_profile(self.children.values())
        names = self._model_names()
        if profile and any(map(_is_old_gemini, names)) and any("gemini-3" in name.lower() for name in names):
            # the older takes no schema beside tools; LangChain knows it by a name without "gemini-3" in it
            profile["structured_output"] = False
        return profile


def shared_profile(children: Iterable[object]) -> ModelProfile | None:
    """Return what every child's profile promises: flags that all set, the smallest of limits.

    A key on which profiles say different things, or that one lacks, promises nothing and is left out.
    """
    profiles = [getattr(child, "profile", None) for child in children]
    if not all(profiles):
        return None
    first, *others = [dict(profile) for profile in profiles if profile]
    shared = {
        key: _shared_value([value, *(other[key] for other in others)])
        for key, value in first.items()
        if all(key in other for other in others)
    }
    return ModelProfile(**{key: value for key, value in shared.items() if value is not None})  # type: ignore[typeddict-item]


def shared_ls_params(children: Iterable[object], **kwargs: Any) -> LangSmithParams:
    """Return the tracing parameters that all children have in common, and both models' names.

    No run of a routed model's own exists that they could be written on: they are for code that asks a
    model who it is.
    """
    params = [child._get_ls_params(**kwargs) for child in children if isinstance(child, BaseChatModel)]
    names = [str(each.get("ls_model_name", "unnamed")) for each in params]
    shared = {
        key: value
        for key, value in (params[0] if params else {}).items()
        if all(each.get(key) == value for each in params)
    }
    pair = {"ls_provider": "routellm", "ls_model_name": " | ".join(names), "ls_model_type": "chat"}
    return cast("LangSmithParams", {**pair, **shared})


def _is_old_gemini(name: str) -> bool:
    return "gemini" in name.lower() and "gemini-3" not in name.lower()


def _shared_value(values: list[Any]) -> Any:
    if all(isinstance(value, bool) for value in values):
        return all(values)
    if all(type(value) is int for value in values):
        return min(values)
    return values[0] if all(value == values[0] for value in values) else None
