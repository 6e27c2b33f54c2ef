"""What calls are made under beside the policy, and calls that are asked under it before they are decided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from langchain_routellm.call_size import call_size, longest_answers
from langchain_routellm.calls import Call, RefusedCall
from shared_router import (
    Bill,
    Breakers,
    Budget,
    Budgets,
    CallRules,
    CallSize,
    GivenPolicies,
    Observer,
    Resilience,
    RouterError,
    RoutingPolicy,
    Shadow,
    observers_of,
    shadow_watch,
    would_decide,
)


def call_rules(
    policy: RoutingPolicy,
    children: Mapping[str, Any],
    bill: Bill,
    *,
    resilience: Resilience | None = None,
    budget: Budget | Sequence[Budget] | None = None,
    observers: Sequence[Observer | str | Path] = (),
    shadow: Shadow | None = None,
    would: GivenPolicies | None = None,
    breakers: Breakers | None = None,
) -> CallRules | None:
    """Return what calls are made under; None where nothing was given, and calls go straight to a child.

    Args:
        policy: What decides.
        children: The models by name.
        bill: What they cost.
        resilience: When another model is asked.
        budget: What calls may cost.
        observers: Who is told of them; a path is a decision log's.
        shadow: On which share of the calls the other model is asked too.
        would: Policies that are asked what they would have done.
        breakers: Where breakers are kept.

    Raises:
        InvalidInputError: If one breaks its rule.
        UnknownNameError: If the resilience names a model that is not there.
    """
    watching = observers_of(observers)
    if (others := would_decide(would, policy.models, observers=watching)) is not None:
        watching = (*watching, others)
    if resilience is None and budget is None and shadow is None and not watching:
        return None
    budgets = None
    if budget is not None:
        budgets = Budgets(budget, bill=bill, policy=policy, max_output_tokens=longest_answers(children))
    return CallRules(
        policy.models,
        resilience=resilience,
        budgets=budgets,
        observers=watching,
        bill=bill,
        shadow=shadow_watch(shadow, policy.models, observers=watching, bill=bill),
        breakers=breakers,
    )


def asked(call: Call, rules: CallRules) -> Call:
    """Return a call that has begun under its rules.

    Raises:
        BudgetExceededError: If nothing is left for it.
    """
    if call.asked is not None:
        return call
    begun = rules.ask(call.request, _size(call, rules))
    return call.begun(begun)


async def aasked(call: Call, rules: CallRules) -> Call:
    """Return a call like `asked`, without holding up the event loop."""
    if call.asked is not None:
        return call
    begun = await rules.aask(call.request, _size(call, rules))
    return call.begun(begun)


def all_asked(calls: Sequence[Call]) -> list[Call]:
    """Return calls that have begun under their rules, where they have any."""
    return [call if call.rules is None else asked(call, call.rules) for call in calls]


async def all_aasked(calls: Sequence[Call]) -> list[Call]:
    """Return what `all_asked` returns, without holding up the event loop."""
    return [call if call.rules is None else await aasked(call, call.rules) for call in calls]


def asked_each(calls: list[Call | RefusedCall]) -> list[Call | RefusedCall]:
    """Return a batch's calls, begun under their rules, each for itself: what one is refused is that one's."""
    begun: list[Call | RefusedCall] = []
    for call in calls:
        if isinstance(call, RefusedCall) or call.rules is None:
            begun.append(call)
            continue
        try:
            begun.append(asked(call, call.rules))
        except RouterError as error:
            begun.append(RefusedCall(error))
    return begun


async def aasked_each(calls: list[Call | RefusedCall]) -> list[Call | RefusedCall]:
    """Return what `asked_each` returns, without holding up the event loop."""
    begun: list[Call | RefusedCall] = []
    for call in calls:
        if isinstance(call, RefusedCall) or call.rules is None:
            begun.append(call)
            continue
        try:
            begun.append(await aasked(call, call.rules))
        except RouterError as error:
            begun.append(RefusedCall(error))
    return begun


def _size(call: Call, rules: CallRules) -> CallSize | None:
    return None if rules.budgets is None else call_size(call)
