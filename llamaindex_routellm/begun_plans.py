"""The beginning of a cascade's call under rules; the threshold of the block around is the cascade's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from llama_index.core.llms import LLM

from llamaindex_routellm.begun_calls import budgeted_size
from llamaindex_routellm.calls import LLMCall
from llamaindex_routellm.planned_calls import PlannedCall
from llamaindex_routellm.routing import DecidedCall, Routing

if TYPE_CHECKING:
    from shared_router import CallRules


def begun_plan(
    routing: Routing, rules: CallRules, models: Mapping[str, LLM], call: LLMCall
) -> tuple[PlannedCall, DecidedCall]:
    """Decide where a plan of a call begins, under rules.

    Raises:
        BudgetExceededError: If a budget has nothing left for it, and is to say so.
    """
    question, request, turns = routing.request_of(models, call)
    asked = rules.ask(replace(request, threshold=None), budgeted_size(rules, call, models))
    decision = routing.memory.decide(asked.request, continues=call.continues)
    decision = routing.no_question.applied(decision, question, asked.request.candidates)
    attempts = asked.begin_plan(decision)
    decided = DecidedCall(decision, question, request, turns)
    return PlannedCall(routing, rules, models, decided, attempts), decided


async def abegun_plan(
    routing: Routing, rules: CallRules, models: Mapping[str, LLM], call: LLMCall
) -> tuple[PlannedCall, DecidedCall]:
    """Decide like `begun_plan`, without holding up the event loop."""
    question, request, turns = routing.request_of(models, call)
    asked = await rules.aask(replace(request, threshold=None), budgeted_size(rules, call, models))
    decision = await routing.memory.adecide(asked.request, continues=call.continues)
    decision = routing.no_question.applied(decision, question, asked.request.candidates)
    attempts = await asked.abegin_plan(decision)
    decided = DecidedCall(decision, question, request, turns)
    return PlannedCall(routing, rules, models, decided, attempts), decided
