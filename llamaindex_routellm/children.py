"""The LLMs under one: which fields are whose, and what must be true of them."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from enum import Enum
from typing import Any

from llama_index.core.base.llms.generic_utils import messages_to_prompt
from llama_index.core.callbacks import CallbackManager
from llama_index.core.llms import LLM
from llama_index.core.llms.llm import default_completion_to_prompt

from llamaindex_routellm.calls import kind_of
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


class NotGiven(Enum):
    """Stand where an argument was not given, which None does not say."""

    NOT_GIVEN = "not given"


NOT_GIVEN = NotGiven.NOT_GIVEN


class Unassigned(CallbackManager):
    """Stand where nobody gave a callback manager.

    `Settings.llm = routed` assigns an LLM's manager back to it; this one is not pushed over the children's.
    """


def children_of(
    strong: LLM | NotGiven, weak: LLM | NotGiven, models: Mapping[str, LLM] | None, names: Sequence[str]
) -> dict[str, LLM]:
    """Return the models by name, best first, and warn where two are one.

    Args:
        strong: The strong one of two models.
        weak: The weak one.
        models: Models by name, in the place of both.
        names: The models that the policy decides between, best first.

    Raises:
        InvalidInputError: If one is no LLM, or the policy has no model of its name.
        TypeError: If one of two is missing.
    """
    if models is not None and not strong is weak is NOT_GIVEN:
        raise InvalidInputError("models must stand alone, got strong or weak beside them; name all in models")
    pair: dict[str, object] = {"strong": strong, "weak": weak}
    for name, llm in pair.items():
        if models is None and llm is NOT_GIVEN:
            raise TypeError(f"RoutedLLM must be given {name}, or models by name; pass {name}=OpenAI(...)")
    given: Mapping[str, object] = pair if models is None else dict(models)
    if set(given) != set(names):
        raise InvalidInputError(
            f"models must be those that the policy decides between, {list(names)}, got {list(given)}; "
            "pass models={name: llm} with a policy whose `models` names them"
        )
    children = check_llms({name: given[name] for name in names})
    same = [one for one in children if any(children[one] is children[two] for two in children if two != one)]
    if same:
        warnings.warn(
            f"{' and '.join(same[:2])} should be two models, and both are one object: routing saves nothing",
            SameModelWarning,
            stacklevel=4,
        )
    return children


def check_llms(given: Mapping[str, object]) -> dict[str, LLM]:
    """Check that what should be LLMs, by name, are.

    Raises:
        InvalidInputError: If one is none.
    """
    children: dict[str, LLM] = {}
    for name, llm in given.items():
        if not isinstance(llm, LLM):
            raise InvalidInputError(
                f"{name} must be a LlamaIndex LLM, got {kind_of(llm)}; "
                f"pass one, such as {name}=OpenAI(model=...)"
            )
        children[name] = llm
    return children


def is_unset(value: object) -> bool:
    """Tell whether a field that acts where prompts are formatted is LlamaIndex's default."""
    return any(value is default for default in _UNSET)


def refuse_own_fields(fields: Mapping[str, Any], constructor: Callable[..., None]) -> None:
    """Refuse what a routed LLM cannot act on.

    Args:
        fields: Arguments that it does not take, by name.
        constructor: What takes its arguments, for the name that was meant.

    Raises:
        InvalidInputError: If there is any such field; the message says where it belongs.
    """
    for name, value in fields.items():
        if name not in OWN_FIELDS:
            near = get_close_matches(name, [*inspect.signature(constructor).parameters], n=1)
            meant = f"; did you mean {near[0]}?" if near else "; set it on the models"
            raise InvalidInputError(f"RoutedLLM takes no argument named {name!r}{meant}")
        if not is_unset(value):
            raise InvalidInputError(
                f"{name} must be set on the models that format and send prompts, got {type(value).__name__} "
                f"on the routed LLM; set strong.{name} and weak.{name}"
            )


def common_fields(
    children: Mapping[str, LLM], callback_manager: CallbackManager | None, system_prompt: str | None
) -> dict[str, Any]:
    """Give the children what is for all, and return the fields of the LLM over them.

    Raises:
        InvalidInputError: If a system prompt is given and a child has another, or one of the two is none.
    """
    # before anything is set: a child keeps what it is given, also where the LLM over it is refused
    if system_prompt is not None and not isinstance(system_prompt, str):
        raise InvalidInputError(f"system_prompt must be text or None, got {type(system_prompt).__name__}")
    if callback_manager is not None and not isinstance(callback_manager, CallbackManager):
        raise InvalidInputError(
            f"callback_manager must be a CallbackManager or None, got {type(callback_manager).__name__}"
        )
    for name, llm in children.items():
        if system_prompt is not None and llm.system_prompt not in (None, system_prompt):
            raise InvalidInputError(
                f"system_prompt must be given once, and {name} has another; leave one of the two out"
            )
    for llm in children.values():
        if callback_manager is not None:
            llm.callback_manager = callback_manager
        if system_prompt is not None:
            llm.system_prompt = system_prompt
    best, strong = next(iter(children.items()))
    unlike = [name for name, llm in children.items() if llm.system_prompt != strong.system_prompt]
    if unlike:
        warnings.warn(
            f"{best} and {unlike[0]} should have one system_prompt, and theirs differ: token budgets count "
            "neither, and programs that build their own messages send neither; give both the same",
            UnlikeModelsWarning,
            stacklevel=3,
        )
    return {
        "callback_manager": callback_manager or Unassigned([]),
        "system_prompt": None if unlike else strong.system_prompt,
        "pydantic_program_mode": strong.pydantic_program_mode,
    }
