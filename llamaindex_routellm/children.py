"""The LLMs under one: which fields are whose, and what must be true of them."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

from llama_index.core.base.llms.generic_utils import messages_to_prompt
from llama_index.core.callbacks import CallbackManager
from llama_index.core.llms import LLM
from llama_index.core.llms.llm import default_completion_to_prompt

from shared_router import InvalidInputError, RoutingPolicy, SameModelWarning, UnlikeModelsWarning

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


def children_of(strong: LLM, weak: LLM, others: Mapping[str, LLM] | None) -> dict[str, LLM]:
    """Return the models by name, best first.

    Raises:
        InvalidInputError: If the others hold a name that is taken.
    """
    taken = {"strong", "weak"}.intersection(others or {})
    if taken:
        raise InvalidInputError(f"others must be further models, got {sorted(taken)}; pass those by name")
    return {"strong": strong, **(others or {}), "weak": weak}


def check_children(children: Mapping[str, object], names: Sequence[str]) -> None:
    """Check that all are LLMs and that the policy decides between them, and warn where two are one.

    Args:
        children: What should be the LLMs, by name.
        names: The models that the policy decides between.

    Raises:
        InvalidInputError: If one is missing or is not an LLM, or the policy has no model of its name.
    """
    if set(children) != set(names):
        raise InvalidInputError(
            f"models must be those that the policy decides between, {list(names)}, got {list(children)}; "
            "pass strong, weak and others={...}, with a policy whose `models` names them"
        )
    for name, llm in children.items():
        if not isinstance(llm, LLM):
            raise InvalidInputError(
                f"{name} must be a LlamaIndex LLM, got {type(llm).__name__}; "
                f"pass one, such as {name}=OpenAI(model=...)"
            )
    same = [one for one in children if any(children[one] is children[two] for two in children if two != one)]
    if same:
        warnings.warn(
            f"{' and '.join(same[:2])} should be two models, and both are one object: routing saves nothing",
            SameModelWarning,
            stacklevel=3,
        )


def policy_of(policy: RoutingPolicy | None, **rule: Any) -> RoutingPolicy:
    """Return the rule that decides: the one that is given, or one made of a router and its settings.

    Args:
        policy: A policy, or None.
        **rule: The arguments of a `RoutingPolicy`.

    Raises:
        InvalidInputError: If it is no policy, or the rule says something beside a policy.
    """
    if policy is None:
        return RoutingPolicy(**rule)
    if not isinstance(policy, RoutingPolicy):
        raise InvalidInputError(f"policy must be a RoutingPolicy, got {type(policy).__name__}")
    for name, value in rule.items():
        if value not in (None, "strong"):
            raise InvalidInputError(f"{name} must be left to the policy where one is given; set it there")
    return policy


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
    children: Mapping[str, LLM], callback_manager: CallbackManager | None, system_prompt: str | None
) -> dict[str, Any]:
    """Give the children what is for all, and return the fields of the LLM over them.

    Raises:
        InvalidInputError: If a system prompt is given and a child has another.
    """
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
    strong = children["strong"]
    unlike = [name for name, llm in children.items() if llm.system_prompt != strong.system_prompt]
    if unlike:
        warnings.warn(
            f"strong and {unlike[0]} should have one system_prompt, and theirs differ: token budgets count "
            "neither, and programs that build their own messages send neither; give both the same",
            UnlikeModelsWarning,
            stacklevel=3,
        )
    return {
        "callback_manager": callback_manager or Unassigned([]),
        "system_prompt": None if unlike else strong.system_prompt,
        "pydantic_program_mode": strong.pydantic_program_mode,
    }
