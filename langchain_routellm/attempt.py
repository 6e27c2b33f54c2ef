"""One attempt of a call under rules: a model, its config and arguments, and what is known of its answer."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage
from langchain_core.outputs import ChatResult, LLMResult
from langchain_core.runnables import RunnableConfig
from langchain_core.runnables.base import RunnableBindingBase
from pydantic import BaseModel

from langchain_routellm.answer_facts import AnswerFacts, ended_well, holds_nothing
from langchain_routellm.calls import Call, RoutedCall
from langchain_routellm.listeners import handlers_of, reads_tokens, taps
from langchain_routellm.metadata import DecisionMetadata
from langchain_routellm.scorable import finish_reason
from shared_router import Attempts, CutStreamError, EmptyAnswerError, RouterError, WithheldAnswerError

_OWN_TIMEOUTS = ("request_timeout", "default_request_timeout")
"""Fields of chat models whose client takes a `timeout` with each call."""

EMPTY = "an answer must hold text, reasoning or a tool call, got none of them"


class Attempt:
    """A call on its way to one model.

    Args:
        call: The call.
        attempts: What says which model is asked, and within which time.
        routed: The model with what it is called with.
        about: What writes the decision on the answer.

    Attributes:
        routed: The model with what it is called with.
        about: What writes the decision on the answer.
        facts: What is known of the answer.
    """

    __slots__ = ("_attempts", "_is_read", "_refusals", "_thread", "about", "facts", "routed")

    def __init__(self, call: Call, attempts: Attempts, routed: RoutedCall, about: DecisionMetadata) -> None:
        rules = call.rules
        self.routed = routed
        self.about = about
        self._attempts = attempts
        self._thread = call.thread
        self._is_read = any(map(reads_tokens, handlers_of(routed.config)))
        resilience = None if rules is None else rules.resilience
        self._refusals = resilience is not None and resilience.refusals
        wants_answers = rules is not None and rules.wants_answers
        self.facts = AnswerFacts(texts=[] if wants_answers else None, wants_reason=self._refusals)

    @classmethod
    def of(cls, call: Call, attempts: Attempts, *, is_first: bool) -> Attempt:
        """Return the attempt to ask the model that is to be asked now.

        Args:
            call: The call.
            attempts: What says which model that is.
            is_first: Whether it is the call's first one, which has the run's id that the caller gave.
        """
        about = DecisionMetadata(with_id(attempts.decision.as_metadata(), attempts), call.bill, call.thread)
        routed = call.sent(about, is_watched=call.is_parsed)
        if not is_first:
            routed = replace(routed, config=_of_another_run(routed.config))
        return cls(call, attempts, within_time(routed, attempts), about)

    def answer(self, output: Any) -> Any:
        """Return a whole output with the decision on it.

        Raises:
            EmptyAnswerError: If it holds nothing, and another model can be asked.
            WithheldAnswerError: If the provider kept it back, and that is to move on.
        """
        seen = self.about.message if self.about.message is not None else output
        self.facts.add(seen)
        told = self._told(output)
        self.check_withheld(told)
        if self._attempts.can_move_on and holds_nothing(seen):
            raise EmptyAnswerError(EMPTY, told)
        return told

    def check_ended(self, chunks: list[Any]) -> None:
        """Check that a stream without any content is no provider's failure.

        Args:
            chunks: What came of it.

        Raises:
            CutStreamError: If it ended without saying why, and another model can be asked.
            EmptyAnswerError: If it says that it ended well, and another model can be asked.
            WithheldAnswerError: If the provider kept the answer back, and that is to move on.
        """
        self.check_withheld(chunks)
        messages = [chunk for chunk in chunks if isinstance(chunk, AIMessage)]
        if not self._attempts.can_move_on or len(messages) < len(chunks):
            return
        reason = next(filter(None, map(finish_reason, reversed(messages))), None)
        if reason is None and not any(message.usage_metadata for message in messages):
            raise CutStreamError("a stream must hold content or say why it ended, got none of either")
        if ended_well(reason):
            raise EmptyAnswerError(EMPTY, chunks)

    def check_withheld(self, answer: Any) -> None:
        """Check that the provider has not kept the answer back.

        Args:
            answer: What there is of it.

        Raises:
            WithheldAnswerError: If it has, and that is to move on.
        """
        if self._refusals and self._attempts.can_move_on and self.facts.is_withheld:
            reason = self.facts.finish_reason
            raise WithheldAnswerError(f"a provider kept an answer back, for {reason}", answer)

    def over_no_answer(self, error: Exception) -> Exception:
        """Return an error that was raised over an answer that holds nothing as one that says so.

        Who reads an object from an answer raises errors of its own where there is none.
        """
        seen = self.about.message
        if seen is None or isinstance(error, RouterError) or not self._attempts.can_move_on:
            return error
        self.facts.add(seen)
        found: EmptyAnswerError | WithheldAnswerError
        if self._refusals and self.facts.is_withheld:
            found = WithheldAnswerError(f"a provider kept an answer back, for {self.facts.finish_reason}")
        elif holds_nothing(seen):
            found = EmptyAnswerError(EMPTY)
        else:
            return error
        found.__cause__ = error
        return found

    def see_listeners(self) -> None:
        """Say that the answer has begun for one who listens, where that is so, before an error is judged."""
        if self._is_read and self.about.was_heard:
            self._attempts.first_content()

    def begin_reading(self) -> None:
        """Say that a reader gets some of the answer now: the conversation goes on with its model."""
        self._attempts.first_content()
        self._thread.keep_answered(self._attempts.decision)

    @property
    def limit_s(self) -> float | None:
        """How long a call that blocks is waited for; None where its client ends it by itself in time."""
        seconds = self._attempts.timeout_s
        return None if seconds is None or _ends_in_time(self.routed.model) else seconds

    def end(self) -> dict[str, Any]:
        """Say that the answer is whole, and return the decision as it tells it."""
        told, decision, facts = self.about.told, self._attempts.decision, self.facts
        answered = None
        if told["reason"] != decision.reason or told["model"] != decision.model:
            answered = replace(decision, model=str(told["model"]), reason=str(told["reason"]))
        self._thread.keep_answered(self._attempts.decision)
        self._attempts.answered(
            facts.tokens,
            decision=answered,
            dollars=self.about.total(facts.usage),
            provider_model=facts.provider_model,
            fingerprint=facts.fingerprint,
            answer=facts.text,
        )
        return told

    def _told(self, output: Any) -> Any:
        if isinstance(output, AIMessage):  # first, for the two others take long to tell
            return self.about.add_to(output)
        if isinstance(output, LLMResult):
            generations = [[self.about.add_to(each) for each in answers] for answers in output.generations]
            return output.model_copy(update={"generations": generations})
        if isinstance(output, ChatResult):
            generations_of_one = [self.about.add_to(each) for each in output.generations]
            return output.model_copy(update={"generations": generations_of_one})
        return self.about.add_to(output)


def with_id(decision: dict[str, Any], attempts: Attempts) -> dict[str, Any]:
    """Return a decision with its name in logs and feedback, where it has one."""
    return decision if attempts.decision_id is None else {**decision, "decision_id": attempts.decision_id}


def within_time(routed: RoutedCall, attempts: Attempts) -> RoutedCall:
    """Return a call that ends by itself when its time is over, where its model's client takes a time.

    So a call that is given up is not billed for long.
    """
    seconds = attempts.timeout_s
    if seconds is None or "timeout" in routed.kwargs or not _takes_timeout(routed.model):
        return routed
    return replace(routed, kwargs={**routed.kwargs, "timeout": seconds})


def _of_another_run(config: RunnableConfig) -> RunnableConfig:
    """Return a config without the run id that a caller gave: a tracer knows the first attempt by it.

    `astream_events` gives one to know the run that it streams by, and follows no other.
    """
    if config.get("run_id") is None or any(map(taps, handlers_of(config))):
        return config
    return {**config, "run_id": None}


def _takes_timeout(model: Any) -> bool:
    return any(name in type(_chat_model(model)).model_fields for name in _OWN_TIMEOUTS)


def _ends_in_time(model: Any) -> bool:
    """Tell whether a model's client takes a time and does not begin anew when it is over."""
    return _takes_timeout(model) and getattr(_chat_model(model), "max_retries", None) == 0


def _chat_model(model: Any) -> BaseModel:
    while isinstance(model, RunnableBindingBase):
        model = model.bound
    return model if isinstance(model, BaseChatModel) else BaseModel()
