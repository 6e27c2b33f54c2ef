"""What a routed LLM says of itself, and its copies and pickles: never a key."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from pydantic import PrivateAttr
from typing_extensions import Self

from llamaindex_routellm.serialization import constructor_names, description, reduced
from llamaindex_routellm.settings import Settings
from llamaindex_routellm.steering import Steering
from shared_router import InvalidInputError


class SelfDescription(Steering):
    """Describe, copy and pickle an LLM over others."""

    _given: Settings = PrivateAttr()

    def to_dict(self, **kwargs: Any) -> dict[str, Any]:
        """Describe this LLM, without keys; it cannot be made again from that."""
        return {
            **super().to_dict(**kwargs),
            **{name: description(llm) for name, llm in self.children.items()},
            "router": self.policy.router_name,
            "threshold": self.policy.threshold,
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any], **kwargs: Any) -> Self:
        """Refuse: a description holds no keys and no router.

        Raises:
            InvalidInputError: Always.
        """
        del data, kwargs
        raise InvalidInputError(
            "a RoutedLLM must be constructed, and a dict holds neither its keys nor its router; "
            "call RoutedLLM(strong=..., weak=...)"
        )

    def __repr_args__(self) -> Iterator[tuple[str, Any]]:
        """Show the models by name: their own reprs hold their keys."""
        for name, llm in self.children.items():
            yield name, " ".join(description(llm).values())
        yield "router", self.policy.router_name
        yield "threshold", self.policy.threshold

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle without keys, or say what cannot be reduced."""
        return reduced(type(self), self.children, self._settings)

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Self:
        """Copy the models; the router is shared, since it is asked from anywhere and learns nothing more."""
        settings = {**self._settings, "policy": copy.copy(self._settings["policy"])}
        return type(self)(**constructor_names(copy.deepcopy(dict(self.children), memo)), **settings)

    @property
    def _settings(self) -> dict[str, Any]:
        """What constructs this LLM again, but for its models."""
        given = self._given.as_arguments()
        own = {} if given["policy"] is not None else {"threshold": self.policy.threshold}
        return {**given, **own, "system_prompt": self.system_prompt}
