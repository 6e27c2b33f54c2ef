"""What a routed LLM says of itself, and its copies and pickles: never a key."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import PrivateAttr, SerializationInfo, SerializerFunctionWrapHandler, model_serializer
from typing_extensions import Self

from llamaindex_routellm.fingerprint import fingerprint_of
from llamaindex_routellm.override import NOTHING, override_of
from llamaindex_routellm.portable import arguments_of, name_of, portable_models, portable_settings
from llamaindex_routellm.serialization import constructor_names, description, reduced
from llamaindex_routellm.settings import Settings
from llamaindex_routellm.steering import Steering
from shared_router import AdaptiveThreshold, ThresholdChoice


class SelfDescription(Steering):
    """Describe, copy and pickle an LLM over others."""

    _given: Settings = PrivateAttr()

    @property
    def model(self) -> str:
        """The models' name for libraries that ask one: theirs where it is one, else `routed(...)`."""
        names = {description(llm).get("model", "") for llm in self.children.values()}
        return names.pop() if len(names) == 1 and "" not in names else self.metadata.model_name

    @property
    def model_name(self) -> str:
        """The models' name, as `model`."""
        return self.model

    def to_dict(self, **kwargs: Any) -> dict[str, Any]:
        """Write this LLM as data, without keys, for `from_dict`.

        Returns:
            Plain data, but for what is an object of the caller's: a router, a policy, a function.
        """
        return {
            **super().to_dict(**kwargs),
            "class": name_of(type(self)),
            "models": portable_models(self.children),
            "settings": portable_settings({**self._settings, **self._policy_as_given}),
        }

    def to_json(self, **kwargs: Any) -> str:
        """Write this LLM as JSON; where JSON cannot hold all, a description that names models and rule."""
        try:
            return json.dumps(self.to_dict(**kwargs))
        except TypeError:
            return json.dumps(super().to_dict(**kwargs))

    @classmethod
    def from_dict(cls, data: dict[str, Any], **kwargs: Any) -> Self:
        """Make an LLM of what `to_dict` wrote; its models read their keys from the environment.

        Args:
            data: What `to_dict` wrote.
            **kwargs: Arguments in the place of those written.

        Raises:
            InvalidInputError: If it is something else, or names a class that is no LLM.
        """
        return cls(**{**arguments_of(data), **kwargs})

    @model_serializer(mode="wrap")
    def custom_model_dump(
        self, handler: SerializerFunctionWrapHandler, info: SerializationInfo
    ) -> dict[str, Any]:
        """Describe this LLM wherever it is dumped, with a hash of what it may answer differently by."""
        del info
        override = override_of(self._routing.memory)
        steered = None if override is NOTHING else override
        return {
            **handler(self),
            "class_name": self.class_name(),
            **{name: description(llm) for name, llm in self.children.items()},
            "router": self.policy.router_name,
            "threshold": self.threshold,
            "fingerprint": fingerprint_of(self.children, self._settings, steered=steered),
        }

    def __repr_args__(self) -> Iterator[tuple[str, Any]]:
        """Show the models by name: their own reprs hold their keys."""
        for name, llm in self.children.items():
            yield name, " ".join(description(llm).values())
        yield "router", self.policy.router_name
        yield "threshold", self.threshold

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle without keys, or say what cannot be pickled."""
        return reduced(type(self), self.children, self._settings)

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Self:
        """Copy the models; the router is shared, since it is asked from anywhere and learns nothing more."""
        settings = {**self._settings, "policy": copy.copy(self._settings["policy"])}
        return type(self)(**constructor_names(copy.deepcopy(dict(self.children), memo)), **settings)

    @property
    def _settings(self) -> dict[str, Any]:
        """What constructs this LLM again, but for its models."""
        given = self._given.as_arguments()
        has_threshold = given["policy"] is not None or given["strong_fraction"] is not None
        has_threshold |= isinstance(given["threshold"], ThresholdChoice | AdaptiveThreshold)
        own: dict[str, Any] = {} if has_threshold else {"threshold": self.threshold}
        if isinstance(given["policy"], str | Path):  # read already; it may be gone where a copy is made
            own = {"policy": self.policy, "expected_sha256": None}
        return {**given, **own, "system_prompt": self.system_prompt}

    @property
    def _policy_as_given(self) -> dict[str, Any]:
        """What a policy file is known by, which data can hold and its policy they cannot."""
        return {"policy": self._given.policy, "expected_sha256": self._given.expected_sha256}
