"""Signed and encrypted reasoning, which no other model than its writer's may be sent.

Providers sign or encrypt what a model thought and refuse it from the hands of another model: Anthropic's
signatures, the ids and the encrypted content of OpenAI's reasoning items, Gemini's thought signatures. Even
unsigned reasoning is refused where a provider's format asks for a signature. Nothing on a LlamaIndex message
names its writer, so each answer's reasoning is remembered by a hash, with the model that gave it. It is
taken out of a copy of the conversation; text and tool calls stay. What nobody knows the writer of stays too.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, get_args

from llama_index.core.base.llms.types import ChatMessage, ThinkingBlock
from llama_index.core.llms import LLM
from llama_index.core.prompts import BasePromptTemplate, ChatPromptTemplate

from llamaindex_routellm.calls import LLMCall
from shared_router import InvalidInputError

SignedReasoning = Literal["strip", "keep_model", "send"]
"""What happens to it where the other model is chosen: taken out, not chosen at all, or sent all the same."""

MAX_ANSWERS = 10_000
"""Answers whose writer is remembered, the latest ones."""

_SEALED_ARGUMENTS = ("thought_signatures", "thinking_blocks", "reasoning_details", "thinking_signature")
_SEAL = "thought_signature"


def check_signed_reasoning(rule: object) -> None:
    """Check what happens to reasoning that another model signed.

    Raises:
        InvalidInputError: If it is no such rule.
    """
    if not isinstance(rule, str) or rule not in get_args(SignedReasoning):
        raise InvalidInputError(
            f"signed_reasoning must be one of {list(get_args(SignedReasoning))}, got a "
            f"{type(rule).__name__} that is none of them"
        )


class ReasoningWriters:
    """Remember which model gave which reasoning: hashes in this process, never words.

    Args:
        rule: What happens to the reasoning of another model than the chosen one.
    """

    def __init__(self, rule: SignedReasoning) -> None:
        self.rule = rule
        self._writers: OrderedDict[bytes, str] = OrderedDict()
        self._lock = threading.Lock()

    def keep(self, message: ChatMessage, model: str) -> None:
        """Remember who gave an answer's reasoning, where it holds any."""
        if self.rule == "send":
            return
        for key in _reasoning_in(message):
            with self._lock:
                self._writers[key] = model
                self._writers.move_to_end(key)
                if len(self._writers) > MAX_ANSWERS:
                    self._writers.popitem(last=False)

    def model_to_keep(self, call: LLMCall) -> str | None:
        """Return the model whose reasoning a conversation holds last, where a rule keeps it."""
        if self.rule != "keep_model" or not self._writers:
            return None
        messages = call.messages
        if isinstance(call.template, ChatPromptTemplate):
            messages = call.template.message_templates
        writers = (self._writer_of(message) for message in reversed(messages))
        return next((writer for writer in writers if writer is not None), None)

    def sendable(
        self, messages: Sequence[ChatMessage], model: str, models: Mapping[str, LLM]
    ) -> Sequence[ChatMessage]:
        """Return a conversation as a model may be sent it.

        Args:
            messages: The conversation, oldest first.
            model: The chosen model's name.
            models: All models by name.

        Returns:
            The messages themselves where nothing has to be taken out, else copies without it.
        """
        if self.rule == "send" or not self._writers:
            return messages
        sent: list[ChatMessage] = []
        changed = False
        for message in messages:
            writer = self._writer_of(message)
            if writer is None or models.get(writer) is models[model]:
                sent.append(message)
                continue
            changed = True
            stripped = _without_reasoning(message)
            if stripped.blocks or stripped.additional_kwargs:  # else it held nothing but reasoning
                sent.append(stripped)
        return sent if changed else messages

    def sendable_template(
        self, template: BasePromptTemplate, model: str, models: Mapping[str, LLM]
    ) -> BasePromptTemplate:
        """Return a template, whose messages may be a conversation's, as a model may be sent it."""
        if not isinstance(template, ChatPromptTemplate):
            return template
        messages = self.sendable(template.message_templates, model, models)
        if messages is template.message_templates:
            return template
        return template.model_copy(update={"message_templates": list(messages)})

    def __len__(self) -> int:
        """Count the pieces of reasoning whose writer is remembered."""
        return len(self._writers)

    def _writer_of(self, message: ChatMessage) -> str | None:
        return next((self._writers[key] for key in _reasoning_in(message) if key in self._writers), None)


def _reasoning_in(message: ChatMessage) -> Iterator[bytes]:
    """Yield a hash for each piece of reasoning in a message."""
    for block in message.blocks:
        if isinstance(block, ThinkingBlock):
            yield _key([block.content, sorted(map(str, block.additional_information.items()))])
    given = message.additional_kwargs
    if given:
        yield from (_key(given[name]) for name in _SEALED_ARGUMENTS if given.get(name))
        yield from (_key(call[_SEAL]) for call in _calls_in(given) if call.get(_SEAL))


def _without_reasoning(message: ChatMessage) -> ChatMessage:
    given = {
        name: value for name, value in message.additional_kwargs.items() if name not in _SEALED_ARGUMENTS
    }
    if any(_SEAL in call for call in _calls_in(given)):
        given["tool_calls"] = [
            {name: value for name, value in call.items() if name != _SEAL}
            if isinstance(call, Mapping)
            else call
            for call in given["tool_calls"]
        ]
    blocks = [block for block in message.blocks if not isinstance(block, ThinkingBlock)]
    return message.model_copy(update={"blocks": blocks, "additional_kwargs": given})


def _calls_in(given: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    calls = given.get("tool_calls") or ()
    return [call for call in calls if isinstance(call, Mapping)] if isinstance(calls, list | tuple) else []


def _key(reasoning: object) -> bytes:
    return hashlib.blake2b(repr(reasoning).encode("utf-8", "surrogatepass"), digest_size=16).digest()
