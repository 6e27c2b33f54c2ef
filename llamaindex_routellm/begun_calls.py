"""The beginning of a call under rules: what budgets allow it, where it goes, and who is told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from llama_index.core.llms import LLM

from llamaindex_routellm.calls import LLMCall
from llamaindex_routellm.routing import DecidedCall, Routing
from llamaindex_routellm.ruled_calls import RuledCall

if TYPE_CHECKING:
    from shared_router import CallRules, CallSize


def begun(routing: Routing, rules: CallRules, models: Mapping[str, LLM], call: LLMCall) -> RuledCall:
    """Decide where a call goes, under rules.

    Raises:
        BudgetExceededError: If a budget has nothing left for it, and is to say so.
    """
    question, request, turns = routing.request_of(models, call)
    asked = rules.ask(request, budgeted_size(rules, call, models))
    decision = routing.memory.decide(asked.request, continues=call.continues)
    decision = routing.no_question.applied(decision, question, asked.request.candidates)
    attempts = asked.begin(decision)
    return RuledCall(routing, rules, models, DecidedCall(decision, question, request, turns), attempts)


async def abegun(routing: Routing, rules: CallRules, models: Mapping[str, LLM], call: LLMCall) -> RuledCall:
    """Decide like `begun`, without holding up the event loop."""
    question, request, turns = routing.request_of(models, call)
    asked = await rules.aask(request, budgeted_size(rules, call, models))
    decision = await routing.memory.adecide(asked.request, continues=call.continues)
    decision = routing.no_question.applied(decision, question, asked.request.candidates)
    attempts = await asked.abegin(decision)
    return RuledCall(routing, rules, models, DecidedCall(decision, question, request, turns), attempts)


def budgeted_size(rules: CallRules, call: LLMCall, models: Mapping[str, LLM]) -> CallSize | None:
    """Return how large a call is, where a budget wants to know."""
    if rules.budgets is None:
        return None
    from llamaindex_routellm.call_size import size_of  # which only budgets need

    return size_of(call, models)
