"""What a routed LLM holds: its models, and what its constructor was told, which may be changed later."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from llama_index.core.base.llms.types import LLMMetadata
from llama_index.core.callbacks import CallbackManager
from llama_index.core.llms import LLM
from pydantic import ConfigDict, Field, PrivateAttr, SerializeAsAny
from typing_extensions import Self

from llamaindex_routellm.capabilities import merged_metadata, warn_of_unlike_roles
from llamaindex_routellm.changes import (
    SETTINGS,
    changed_models,
    changed_settings,
    refuse_unknown,
    with_models,
)
from llamaindex_routellm.children import (
    PUSHED_FIELDS,
    NotGiven,
    Unassigned,
    children_of,
    common_fields,
)
from llamaindex_routellm.self_description import SelfDescription
from llamaindex_routellm.settings import Settings


class RoutedFields(SelfDescription):
    """Hold models, and let what the constructor took be assigned."""

    # pydantic's errors quote what was given, which may be a prompt or a key
    model_config = ConfigDict(hide_input_in_errors=True)

    models: dict[str, SerializeAsAny[LLM]] = Field(description="The models.", exclude=True, repr=False)
    _setting_names: ClassVar[frozenset[str]] = SETTINGS
    _warned: bool = PrivateAttr(default=False)

    @property
    def metadata(self) -> LLMMetadata:
        """What the models can do as one."""
        merged = merged_metadata(self.children, self._given.context_window)
        if not self._warned and any(
            llm.metadata.system_role != merged.system_role for llm in self.children.values()
        ):
            # not when constructed: some models ask their provider what they are
            self._warned = True
            warn_of_unlike_roles()
        return merged

    @property
    def children(self) -> dict[str, LLM]:
        """The models by name, best first."""
        return self.models

    @property
    def strong(self) -> LLM:
        """The model worth its price on hard questions."""
        return self._named("strong")

    @property
    def weak(self) -> LLM:
        """The model that does for the others."""
        return self._named("weak")

    def __setattr__(self, name: str, value: Any) -> None:
        """Change what the constructor was given, under its rules, or hand the models what is theirs."""
        if name.startswith("_"):
            super().__setattr__(name, value)
            return
        refuse_unknown(self, {name: value})
        if name in self._setting_names:
            self._given, self._routing = changed_settings(self, name, value)
        elif name in ("models", "strong", "weak"):
            super().__setattr__("models", changed_models(self, name, value))
            self._routing = with_models(self)
        else:
            super().__setattr__(name, value)
            if name in PUSHED_FIELDS and not isinstance(value, Unassigned):
                for llm in self.children.values():
                    setattr(llm, name, value)

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Copy this LLM, with what changes changed as if it were assigned; the models stay untouched."""
        changes = dict(update or {})
        copied = super().model_copy(deep=deep)
        if not deep and any(name in PUSHED_FIELDS for name in changes):
            copied.models = {name: llm.model_copy() for name, llm in self.models.items()}
        for name, value in changes.items():
            setattr(copied, name, value)
        return copied

    def _made_of(
        self,
        settings: Settings,
        strong: LLM | NotGiven,
        weak: LLM | NotGiven,
        models: Mapping[str, LLM] | None,
        callback_manager: CallbackManager | None,
        system_prompt: str | None,
    ) -> None:
        rule = settings.rule()
        children = children_of(strong, weak, models, rule.models)
        routing = settings.routing(rule, children)
        held: dict[str, Any] = {"models": children}
        super().__init__(**held, **common_fields(children, callback_manager, system_prompt))
        self._given, self._routing = settings, routing

    def _named(self, name: str) -> LLM:
        if name not in self.models:
            raise AttributeError(f"this RoutedLLM has no model named {name!r}, only {list(self.models)}")
        return self.models[name]
