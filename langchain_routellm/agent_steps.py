"""A step of an agent's run: whether its model is decided anew, and what budgets allow it beforehand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from langchain.agents.middleware.types import ModelRequest
from langchain_core.messages import BaseMessage
from langchain_core.runnables.config import ensure_config

from langchain_routellm.agent_calls import AgentCall, Decision
from langchain_routellm.binding import Binding, bind_children
from langchain_routellm.call_size import size_of
from langchain_routellm.capabilities import candidate_models
from langchain_routellm.memory import Memory, Thread
from langchain_routellm.override import request_of
from langchain_routellm.query import QuestionFinder
from langchain_routellm.reasoning import SignedReasoning
from langchain_routellm.requests import asked_of
from shared_router import (
    AskedCall,
    Bill,
    CallRules,
    CallSize,
    RoutingDecision,
    RoutingPolicy,
    RoutingRequest,
    Sticky,
)


class AgentSteps:
    """What a routing middleware knows of an agent's steps; see `RouteLLMMiddleware`."""

    children: Mapping[str, Any]
    policy: RoutingPolicy
    finder: QuestionFinder
    memory: Memory
    sticky: Sticky
    signed_reasoning: SignedReasoning
    per: Literal["run", "step"]
    bill: Bill
    call_rules: CallRules | None
    _bound: tuple[list[Any], Binding | None]

    def _of_run(self, messages: Sequence[BaseMessage]) -> Decision:
        """Decide for a run, by what budgets leave for its first step."""
        request, thread = asked_of(self, messages, ensure_config())
        begun = self._begun(request, messages)
        if begun is None or begun.allowance is None:
            return self._noted(thread, self.policy.decide(request))
        return self._noted(thread, begun.allowance.told(self.policy.decide(begun.request)))

    async def _aof_run(self, messages: Sequence[BaseMessage]) -> Decision:
        """Decide for a run like `_of_run`, without holding up the event loop."""
        request, thread = asked_of(self, messages, ensure_config())
        begun = await self._abegun(request, messages)
        if begun is None or begun.allowance is None:
            return self._noted(thread, await self.policy.adecide(request))
        return self._noted(thread, begun.allowance.told(await self.policy.adecide(begun.request)))

    def _step(self, request: ModelRequest[Any]) -> AgentCall:
        """Return a step's call, decided."""
        asked, thread, is_anew = self._asked(request)
        begun = self._begun(asked, request.messages, request)
        if not is_anew:
            return self._call(request, self._kept(request), thread, _kept_by(begun))
        decision = self.policy.decide(asked if begun is None else begun.request)
        return self._call(request, self._noted(thread, decision), thread, begun)

    async def _astep(self, request: ModelRequest[Any]) -> AgentCall:
        """Return a step's call like `_step`, without holding up the event loop."""
        asked, thread, is_anew = self._asked(request)
        begun = await self._abegun(asked, request.messages, request)
        if not is_anew:
            return self._call(request, self._kept(request), thread, _kept_by(begun))
        decision = await self.policy.adecide(asked if begun is None else begun.request)
        return self._call(request, self._noted(thread, decision), thread, begun)

    def _asked(self, request: ModelRequest[Any]) -> tuple[RoutingRequest, Thread, bool]:
        """Return what the policy must know of a step, and whether it is to decide: a run's decision holds."""
        binding = self._binding(request.tools)
        decision = self._kept(request)
        if decision:
            if self.call_rules is not None and self.sticky is not False:
                loop = self.memory.thread(request.messages, "tool_loop")
                if loop.model not in (None, decision["model"]):  # a tool loop goes on with who answered
                    return *asked_of(self, request.messages, ensure_config(), binding=binding), True
            candidates, _ = candidate_models(self.children, request.messages, binding)
            # a tool may have returned a picture, say, that the run's model cannot see
            if candidates is None or decision["model"] in candidates:
                known = [] if self.call_rules is None else request.messages
                kept = request_of(None, None, ensure_config(), candidates=candidates)
                return kept, self.memory.thread(known, self.sticky), False
        return *asked_of(self, request.messages, ensure_config(), binding=binding), True

    def _begun(
        self, asked: RoutingRequest, messages: Sequence[BaseMessage], step: ModelRequest[Any] | None = None
    ) -> AskedCall | None:
        """Return a call that has begun under the rules, where there are any."""
        rules = self.call_rules
        return None if rules is None else rules.ask(asked, self._size(rules, messages, step))

    async def _abegun(
        self, asked: RoutingRequest, messages: Sequence[BaseMessage], step: ModelRequest[Any] | None = None
    ) -> AskedCall | None:
        rules = self.call_rules
        return None if rules is None else await rules.aask(asked, self._size(rules, messages, step))

    def _size(
        self, rules: CallRules, messages: Sequence[BaseMessage], step: ModelRequest[Any] | None
    ) -> CallSize | None:
        """Return how large a step is; its tools are not known before the run's first one."""
        if rules.budgets is None:
            return None
        if step is None:
            return size_of(messages, {}, models=self.children, given=None)
        said = [*filter(None, [step.system_message]), *messages]
        schema = getattr(step.response_format, "schema", step.response_format)
        given = [*step.tools, *filter(None, [schema])]
        return size_of(said, step.model_settings, models=self.children, given=given or None)

    def _kept(self, request: ModelRequest[Any]) -> Decision:
        state: Any = request.state
        return (state.get("routellm") if self.per == "run" else None) or {}

    def _binding(self, tools: Sequence[Any]) -> Binding | None:
        """Find out which children can be bound to an agent's tools, once for the same tools."""
        if not tools:
            return None
        known, binding = self._bound
        if len(known) != len(tools) or any(a is not b for a, b in zip(known, tools, strict=True)):
            binding = bind_children(self.children, "tools", "bind_tools", list(tools))
            self._bound = (list(tools), binding)
        return binding

    def _noted(self, thread: Thread, decision: RoutingDecision) -> Decision:
        """Return a decision as an agent's state keeps it, and remember its model where it will answer."""
        if self.call_rules is None:  # else whoever answers is remembered then
            thread.keep(decision.model)
        return decision.as_metadata()

    def _call(
        self, request: ModelRequest[Any], decision: Decision, thread: Thread, begun: AskedCall | None
    ) -> AgentCall:
        return AgentCall(request, decision, thread, self.children, self.signed_reasoning, self.bill, begun)


def _kept_by(begun: AskedCall | None) -> AskedCall | None:
    """Return a call whose decision a budget's raised threshold has not moved: it is the run's."""
    if begun is None or begun.allowance is None:
        return begun
    return replace(begun, allowance=replace(begun.allowance, reason=None))
