"""One call of an agent's model: to the chosen child, and under rules to another one where it is down."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, cast

from langchain.agents.middleware.types import ModelRequest, ModelResponse
from langchain_core.messages import AIMessage
from langchain_core.runnables.config import ensure_config, var_child_runnable_config

from langchain_routellm.answer_facts import AnswerFacts, holds_nothing
from langchain_routellm.answers import watched
from langchain_routellm.attempt import EMPTY
from langchain_routellm.carrying import ANSWERED, given_back
from langchain_routellm.listeners import handlers_of, reads_tokens
from langchain_routellm.memory import Thread
from langchain_routellm.metadata import DecisionMetadata, run_metadata
from langchain_routellm.reasoning import SignedReasoning, without_others_reasoning
from shared_router import (
    AskedCall,
    Attempts,
    Bill,
    CallRules,
    EmptyAnswerError,
    RoutingDecision,
    TokenUsage,
    WithheldAnswerError,
    awithin_seconds,
)

Decision = dict[str, str | float]
Response = ModelResponse[Any]
Request = ModelRequest[Any]


@dataclass(frozen=True, slots=True)
class AgentCall:
    """A call that was decided.

    Attributes:
        request: The agent's request.
        decision: Where it goes, as metadata.
        thread: What remembers which model asked for tools.
        children: The models by name.
        signed_reasoning: What happens to reasoning that another model signed.
        bill: What the models cost.
        begun: The call as it began under rules; None where there are none.
    """

    request: Request
    decision: Decision
    thread: Thread
    children: Mapping[str, Any]
    signed_reasoning: SignedReasoning
    bill: Bill
    begun: AskedCall | None

    def made(self, handler: Callable[[Request], Response]) -> Response:
        """Return the chosen child's answer, with the decision on it."""
        about = DecisionMetadata(self.decision, self.bill, self.thread)
        with self._run_metadata(about):
            return _with_decision(handler(self._to(about)), about)

    async def amade(self, handler: Callable[[Request], Awaitable[Response]]) -> Response:
        """Return what `made` returns."""
        about = DecisionMetadata(self.decision, self.bill, self.thread)
        with self._run_metadata(about):
            return _with_decision(await handler(self._to(about)), about)

    def carried(self, handler: Callable[[Request], Response]) -> Response:
        """Return the answer of the first child that gives one under the rules.

        Args:
            handler: Asks the model of a request; what stands behind it may have fallbacks of its own.
        """
        if self.begun is None:
            return self.made(handler)
        rules, attempts = self.begun.rules, self.begun.begin(_as_decision(self.decision))
        while True:
            about = self._about(attempts)
            try:
                with self._run_metadata(about), attempts.asking():
                    response = rules.within(partial(handler, self._to(about)), attempts.timeout_s)
                facts = _facts_of(response, about, attempts, rules)
            # whatever a provider raises: the rules say whether it moves on
            except Exception as error:  # noqa: BLE001
                self._see_listeners(about, attempts)
                if not attempts.failed(error, _unused_tokens(error)):
                    return self._given_back(attempts)
            except BaseException:
                attempts.cancelled()
                raise
            else:
                return self._ended(response, about, attempts, facts)

    async def acarried(self, handler: Callable[[Request], Awaitable[Response]]) -> Response:
        """Return what `carried` returns, without holding up the event loop."""
        if self.begun is None:
            return await self.amade(handler)
        rules, attempts = self.begun.rules, await self.begun.abegin(_as_decision(self.decision))
        while True:
            about = self._about(attempts)
            try:
                with self._run_metadata(about), attempts.asking():
                    response = await awithin_seconds(handler(self._to(about)), attempts.timeout_s)
                facts = _facts_of(response, about, attempts, rules)
            # whatever a provider raises: the rules say whether it moves on
            except Exception as error:  # noqa: BLE001
                self._see_listeners(about, attempts)
                if not await attempts.afailed(error, _unused_tokens(error)):
                    return self._given_back(attempts)
            except BaseException:
                attempts.cancelled()
                raise
            else:
                return self._ended(response, about, attempts, facts)

    def _about(self, attempts: Attempts) -> DecisionMetadata:
        decision = attempts.decision.as_metadata()
        if attempts.decision_id is not None:
            decision["decision_id"] = attempts.decision_id
        return DecisionMetadata(decision, self.bill, self.thread)

    def _to(self, about: DecisionMetadata) -> Request:
        """Return the request to the child of a decision."""
        name = str(about.decision["model"])
        self.bill.expect(name)
        child: Any = self.children[name]
        messages: Any = None
        if self.signed_reasoning != "send":
            messages = without_others_reasoning(self.request.messages, name, self.children)
        if messages is None:
            return self.request.override(model=child)
        return self.request.override(model=child, messages=messages)

    @contextmanager
    def _run_metadata(self, about: DecisionMetadata) -> Iterator[None]:
        """Tell the runs inside the decision: the agent takes its config from the context."""
        config = ensure_config()
        config["metadata"] = {**config["metadata"], **run_metadata(about.decision)}
        # a fallback of middleware behind this one may answer, which no listener's absence hides
        config = watched(config, about, self.children, always=True, anyone=True)
        token = var_child_runnable_config.set(config)
        try:
            yield
        finally:
            var_child_runnable_config.reset(token)

    def _see_listeners(self, about: DecisionMetadata, attempts: Attempts) -> None:
        # what a reader of the graph's stream has read is not followed by another model's answer
        if about.was_heard and any(map(reads_tokens, handlers_of(ensure_config()))):
            attempts.first_content()

    def _given_back(self, attempts: Attempts) -> Response:
        """Return the answer that was empty or withheld, where that is all there is; else raise the error."""
        self.thread.release()
        return cast("Response", given_back(attempts.error))

    def _ended(
        self, response: Response, about: DecisionMetadata, attempts: Attempts, facts: AnswerFacts
    ) -> Response:
        told = _with_decision(response, about)
        self.thread.keep_answered(attempts.decision)
        decision = None
        if about.told["model"] != about.decision["model"]:  # a fallback behind this one
            named = str(about.told["model"])
            decision = replace(attempts.decision, model=named, reason=str(about.told["reason"]))
        attempts.answered(
            facts.tokens,
            decision=decision,
            provider_model=facts.provider_model,
            fingerprint=facts.fingerprint,
            answer=facts.text,
        )
        return told


def _facts_of(
    response: Response, about: DecisionMetadata, attempts: Attempts, rules: CallRules
) -> AnswerFacts:
    """Return what an answer tells.

    Raises:
        EmptyAnswerError: If it holds nothing, and another model can be asked.
        WithheldAnswerError: If its provider kept it back, and that is to move on.
    """
    moves = rules.resilience is not None and rules.resilience.refusals and attempts.can_move_on
    facts = AnswerFacts(texts=[] if rules.wants_answers else None, wants_reason=moves)
    for message in response.result:
        if isinstance(message, AIMessage):
            facts.add(message)
    if moves and facts.is_withheld:
        answer = _with_decision(response, about)
        raise WithheldAnswerError(f"a provider kept an answer back, for {facts.finish_reason}", answer)
    is_empty = response.structured_response is None and all(map(holds_nothing, response.result))
    if is_empty and attempts.can_move_on:
        raise EmptyAnswerError(EMPTY, _with_decision(response, about))
    return facts


def _unused_tokens(error: Exception) -> TokenUsage | None:
    """Return the tokens of an answer that is not used: its provider bills it."""
    if not isinstance(error, ANSWERED):
        return None
    facts = AnswerFacts()
    for message in cast("Response", error.answer).result:
        facts.add(message)
    return facts.tokens


def _as_decision(told: Mapping[str, Any]) -> RoutingDecision:
    """Return a decision that an agent's state has kept as plain values."""
    known = RoutingDecision.__dataclass_fields__
    given = {name: value for name, value in told.items() if name in known}
    return RoutingDecision(**{"win_probability": None, **given})


def _with_decision(response: Response, about: DecisionMetadata) -> Response:
    return replace(response, result=[about.add_to(message) for message in response.result])
