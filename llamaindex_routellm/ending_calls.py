"""How a call under rules ends: who has answered it, what it used, and who is told."""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from llama_index.core.base.llms.types import ChatResponse, CompletionResponse
from llama_index.core.llms import LLM

from llamaindex_routellm.answer_facts import Responses, ended_well, facts_of, responses_of
from llamaindex_routellm.first_content import has_content
from llamaindex_routellm.held_parts import HeldParts
from llamaindex_routellm.route import Models, Route
from llamaindex_routellm.routing import DecidedCall, Routing
from llamaindex_routellm.scorable import finish_reason_of, text_of
from shared_router import (
    CutStreamError,
    EmptyAnswerError,
    RouterError,
    WithheldAnswerError,
    is_withheld,
)

if TYPE_CHECKING:
    from shared_router import Attempts, CallRules, RoutingDecision, TokenUsage

ANSWERED = (EmptyAnswerError, WithheldAnswerError)
"""Errors that hold an answer: its provider bills it, and it is given back where no other model answers."""

_EMPTY = "an answer must hold text, reasoning or a tool call, got none of them"


class EndingCall:
    """One call under rules.

    Args:
        routing: The way of a call.
        rules: What it is made under.
        models: The models by name.
        decided: The call, and where it is decided to go.
        attempts: What says whom to ask.
    """

    __slots__ = ("_attempts", "_current", "_decided", "_models", "_published", "_routing", "_rules")

    def __init__(
        self,
        routing: Routing,
        rules: CallRules,
        models: Mapping[str, LLM],
        decided: DecidedCall,
        attempts: Attempts,
    ) -> None:
        self._routing = routing
        self._rules = rules
        self._models = Models(models, routing.bill, routing.reasoning)
        self._decided = decided
        self._attempts = attempts
        self._published: RoutingDecision | None = None
        self._current: Route | None = None

    def _publish(self, decision: RoutingDecision) -> None:
        """Tell where the call goes now, once, in the place of what was told before."""
        if decision is not self._published:
            models = self._models.by_name
            self._routing.publish(models, self._decided, decision, instead_of=self._published)
            self._published = decision

    def _check(self, route: Route, output: Any) -> Any:
        """Return a whole answer, where no other model is to be asked in its place.

        Raises:
            EmptyAnswerError: If it holds nothing, and another model can be asked.
            WithheldAnswerError: If its provider kept it back, and that is to move on.
        """
        if self._attempts.can_move_on:
            responses = responses_of([output], route.responses)
            self._check_withheld(responses, output)
            if _is_answer(output) and not has_content(output) and ended_well(finish_reason_of(responses)):
                raise EmptyAnswerError(_EMPTY, output)
        return output

    def _check_ended(self, route: Route, held: HeldParts) -> None:
        """Check that a stream without any content is no provider's failure.

        Raises:
            CutStreamError: If it ended without saying why or what it cost, and another model can be asked.
            EmptyAnswerError: If it says that it ended well, likewise.
            WithheldAnswerError: If its provider kept it back, and that is to move on.
        """
        if not self._attempts.can_move_on:
            return
        latest = held.latest
        responses = responses_of(latest, route.responses)
        self._check_withheld(responses, held.parts)
        if not responses and latest:  # texts or objects that say nothing of themselves
            return
        reason = finish_reason_of(responses)
        if not reason and facts_of(responses).usage is None:
            raise CutStreamError("a stream must hold content or say why it ended, got none of either")
        if ended_well(reason):
            raise EmptyAnswerError(_EMPTY, held.parts)

    def _check_withheld(self, responses: Responses, answer: Any) -> None:
        rule = self._rules.resilience
        if rule is not None and rule.refusals and is_withheld(finish_reason_of(responses)):
            raise WithheldAnswerError(
                "an answer must not be withheld where refusals move on, and its provider kept it back", answer
            )

    def _judged(self, error: Exception) -> tuple[Exception, TokenUsage | None]:
        """Return what an error means, and the tokens of the answer it is about: its provider bills them."""
        responses = [] if self._current is None else self._current.responses
        if responses and self._attempts.can_move_on and not isinstance(error, RouterError):
            error = self._over_no_answer(error, responses)
        return error, facts_of(responses).usage if isinstance(error, ANSWERED) else None

    def _over_no_answer(self, error: Exception, responses: Responses) -> Exception:
        """Return an error that was raised over an answer that holds nothing as one that says so.

        Who reads tool calls or an object from an answer raises errors of its own where there is none.
        """
        try:
            self._check_withheld(responses, None)
        except WithheldAnswerError as withheld:
            withheld.__cause__ = error
            return withheld
        if any(map(has_content, responses)) or not ended_well(finish_reason_of(responses)):
            return error
        empty = EmptyAnswerError(_EMPTY)
        empty.__cause__ = error
        return empty

    def _failed(self) -> BaseException:
        """Return what the call ends with, whose conversation is kept with no model."""
        self._routing.release(self._decided)
        return self._attempts.error

    def _answered(self, route: Route, output: Iterable[Any]) -> None:
        """Say that the call is answered, and by whom."""
        responses = responses_of(output, route.responses)
        facts = facts_of(responses)
        self._routing.keep(self._decided, self._attempts.decision)
        decision = self._as_answered(route, responses)
        self._attempts.answered(
            facts.usage,
            decision=decision,
            dollars=self._total_dollars(decision.model, facts.usage),
            provider_model=facts.provider_model,
            fingerprint=facts.fingerprint,
            answer=text_of(responses[-1]) if responses and self._rules.wants_answers else None,
        )

    def _as_answered(self, route: Route, responses: Responses) -> RoutingDecision:
        """Return the decision as the answer tells it: a child's own fallback may have given it."""
        decision = self._attempts.decision
        if not responses:
            return decision
        name = route.answered_by(responses[-1], route.asked[-1] if route.asked else None)
        return decision if name == decision.model else replace(decision, model=name)

    def _total_dollars(self, model: str, usage: TokenUsage | None) -> float | None:
        """Return what all calls cost together, the answer's the last; None leaves it to the bill."""
        del model, usage
        return None

    def _ending(self, parts: Any) -> Any:
        """Return a stream that ends the call also where nobody ever reads it."""
        weakref.finalize(parts, self._attempts.cancelled).atexit = False
        return parts


def given_back(error: EmptyAnswerError | WithheldAnswerError) -> Any:
    """Return the answer that was empty or withheld, for there is no other.

    Raises:
        BaseException: What was raised over it.
    """
    if error.__cause__ is not None:
        raise error.__cause__
    return error.answer


def _is_answer(output: Any) -> bool:
    return isinstance(output, ChatResponse | CompletionResponse | str)
