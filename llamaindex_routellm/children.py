"""Two LLMs under one: which fields are whose, and what must be true of the two."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

from llama_index.core.base.llms.generic_utils import messages_to_prompt
from llama_index.core.callbacks import CallbackManager
from llama_index.core.llms import LLM
from llama_index.core.llms.llm import default_completion_to_prompt

from shared_router import InvalidInputError, SameModelWarning, UnlikeModelsWarning

PUSHED_FIELDS = ("callback_manager", "pydantic_program_mode", "system_prompt")
"""Fields that LlamaIndex or a user assigns to an LLM and means for the one that answers."""

OWN_FIELDS = (
    "rate_limiter",
    "output_parser",
    "query_wrapper_prompt",
    "messages_to_prompt",
    "completion_to_prompt",
)
"""Fields that act where a prompt is formatted and sent; they are each child's own."""

_UNSET = (None, messages_to_prompt, default_completion_to_prompt)


class Unassigned(CallbackManager):
    """Stand where nobody gave a callback manager.

    `Settings.llm = routed` assigns an LLM's manager back to it; this one is not pushed over the children's.
    """


def check_children(strong: object, weak: object) -> None:
    """Check that both are LLMs, and warn where they are one.

    Raises:
        InvalidInputError: If one is missing or is not an LLM.
    """
    for name, llm in {"strong": strong, "weak": weak}.items():
        if not isinstance(llm, LLM):
            raise InvalidInputError(
                f"{name} must be a LlamaIndex LLM, got {type(llm).__name__}; "
                f"pass one, such as {name}=OpenAI(model=...)"
            )
    if strong is weak:
        warnings.warn(
            "strong and weak should be two models, and both are one object: routing saves nothing",
            SameModelWarning,
            stacklevel=3,
        )


def refuse_own_fields(fields: Mapping[str, Any]) -> None:
    """Refuse what a routed LLM cannot act on.

    Raises:
        InvalidInputError: If there is any such field; the message says where it belongs.
    """
    for name, value in fields.items():
        if name not in OWN_FIELDS:
            raise InvalidInputError(f"RoutedLLM takes no argument named {name!r}")
        if value not in _UNSET:
            raise InvalidInputError(
                f"{name} must be set on the models that format and send prompts, got {type(value).__name__} "
                f"on the routed LLM; set strong.{name} and weak.{name}"
            )


def common_fields(
    strong: LLM, weak: LLM, callback_manager: CallbackManager | None, system_prompt: str | None
) -> dict[str, Any]:
    """Give the children what is for both, and return the fields of the LLM over them.

    Raises:
        InvalidInputError: If a system prompt is given and a child has another.
    """
    for name, llm in {"strong": strong, "weak": weak}.items():
        if callback_manager is not None:
            llm.callback_manager = callback_manager
        if system_prompt is not None and llm.system_prompt not in (None, system_prompt):
            raise InvalidInputError(
                f"system_prompt must be given once, and {name} has another; leave one of the two out"
            )
    if system_prompt is not None:
        strong.system_prompt = weak.system_prompt = system_prompt
    if strong.system_prompt != weak.system_prompt:
        warnings.warn(
            "strong and weak should have one system_prompt, and theirs differ: token budgets count neither, "
            "and programs that build their own messages send neither; give both the same",
            UnlikeModelsWarning,
            stacklevel=3,
        )
    return {
        "strong": strong,
        "weak": weak,
        "callback_manager": callback_manager or Unassigned([]),
        "system_prompt": strong.system_prompt if strong.system_prompt == weak.system_prompt else None,
        "pydantic_program_mode": strong.pydantic_program_mode,
    }
