"""What a routed LLM's calls are made under, where anything is given: resilience, budgets, who watches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from llama_index.core.llms import LLM

from llamaindex_routellm.ended_calls import EndedCalls
from shared_router import Bill, RoutingPolicy

if TYPE_CHECKING:
    from llamaindex_routellm.settings import Settings
    from shared_router import CallRules


def rules_of(
    settings: Settings, policy: RoutingPolicy, children: Mapping[str, LLM], bill: Bill
) -> CallRules | None:
    """Return what calls are made under; None where nothing is given, so that a call costs nothing more.

    Args:
        settings: What is given.
        policy: What decides.
        children: The models by name.
        bill: What they cost.

    Raises:
        InvalidInputError: If something is outside its rule, or a budget cannot tell what a call may cost.
        UnknownNameError: If the resilience names a model that is not there.
    """
    given = settings.resilience, settings.budget, settings.shadow, settings.would
    if all(each is None for each in given) and settings.observers == ():
        return None
    # a program that only routes does not wait for these
    from shared_router import Budgets, CallRules, observers_of, shadow_watch, would_decide

    EndedCalls.watch()  # a text or an object alone says no tokens
    budgets = None
    if settings.budget is not None:
        from llamaindex_routellm.call_size import max_output_tokens_of

        most = {name: max_output_tokens_of(llm) for name, llm in children.items()}
        budgets = Budgets(settings.budget, bill=bill, policy=policy, max_output_tokens=most)
    observers = observers_of(settings.observers)
    if (others := would_decide(settings.would, policy.models, observers=observers)) is not None:
        observers = (*observers, others)
    return CallRules(
        policy.models,
        resilience=settings.resilience,
        budgets=budgets,
        observers=observers,
        bill=bill,
        shadow=shadow_watch(settings.shadow, policy.models, observers=observers, bill=bill),
    )
