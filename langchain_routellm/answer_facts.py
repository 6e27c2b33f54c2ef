"""What an answer tells beside its words: its tokens, which model wrote it, whether it was kept back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.messages.ai import UsageMetadata, add_usage
from langchain_core.outputs import ChatGeneration, ChatResult, LLMResult

from langchain_routellm.prices import token_usage
from langchain_routellm.scorable import finish_reason
from langchain_routellm.turns import text_of
from shared_router import GivenAnswer, TokenUsage, is_withheld, why_unusable

_MODEL_NAMES = ("model_name", "model", "model_id", "modelId")
_FINGERPRINTS = ("system_fingerprint", "fingerprint")
_ARGUMENTS = ("tool_calls", "function_call", "reasoning_content", "reasoning", "refusal", "audio")
"""Keys of a message's further arguments that hold some of an answer."""


@dataclass(slots=True)
class AnswerFacts:
    """Gather what messages tell, one whole or chunk by chunk.

    Attributes:
        usage: The tokens.
        provider_model: The model's own id, as its provider told it.
        fingerprint: What the provider tells of its build.
        finish_reason: Why it ended.
        texts: Its words, where somebody wants them.
        wants_reason: Whether somebody wants to know why it ended.
    """

    usage: UsageMetadata | None = None
    provider_model: str | None = None
    fingerprint: str | None = None
    finish_reason: str | None = None
    texts: list[str] | None = field(default=None, repr=False)
    wants_reason: bool = False

    def add(self, output: Any) -> None:
        """Add what an output, or a stream's next chunk, tells."""
        message = message_in(output)
        if message is None:
            if self.texts is not None and isinstance(output, str):
                self.texts.append(output)
            return
        if message.usage_metadata is not None:
            self.usage = add_usage(self.usage, message.usage_metadata)
        if self.texts is not None:
            self.texts.append(text_of(message.content))
        metadata = message.response_metadata
        if metadata:
            self.provider_model = _first(metadata, _MODEL_NAMES) or self.provider_model
            self.fingerprint = _first(metadata, _FINGERPRINTS) or self.fingerprint
            if self.wants_reason:
                self.finish_reason = finish_reason(message) or self.finish_reason

    @property
    def tokens(self) -> TokenUsage | None:
        """The tokens as they are billed; None where the model told none."""
        return None if self.usage is None else token_usage(self.usage)

    @property
    def is_withheld(self) -> bool:
        """Whether the provider kept the answer back."""
        return is_withheld(self.finish_reason)

    @property
    def text(self) -> str | None:
        """The words; None where nobody wants them."""
        return None if self.texts is None else "".join(self.texts)


def message_in(output: Any) -> AIMessage | None:
    """Return the message that an output is or holds: a structured output's raw one, a result's first."""
    if isinstance(output, AIMessage):
        return output
    if isinstance(output, Mapping):
        raw = output.get("raw")
        return raw if isinstance(raw, AIMessage) else None
    generations: Any = []
    if isinstance(output, ChatResult):
        generations = output.generations
    elif isinstance(output, LLMResult):
        generations = [each for answers in output.generations for each in answers]
    found = [each.message for each in generations if isinstance(each, ChatGeneration)]
    return next((message for message in found if isinstance(message, AIMessage)), None)


def has_content(chunk: Any) -> bool:
    """Tell whether a chunk holds some of an answer: text, reasoning, a tool call, a part of an object.

    OpenAI's first chunk says who speaks and nothing else; Anthropic's begins a block without words.
    """
    if not isinstance(chunk, AIMessage):
        return chunk is not None and chunk != ""
    if isinstance(chunk.content, str):
        if chunk.content:
            return True
    elif any(_block_has_content(block) for block in chunk.content):
        return True
    calls = chunk.tool_call_chunks if isinstance(chunk, AIMessageChunk) else chunk.tool_calls
    return bool(calls or chunk.invalid_tool_calls) or any(
        chunk.additional_kwargs.get(name) for name in _ARGUMENTS
    )


def holds_nothing(output: Any) -> bool:
    """Tell whether a whole answer is empty: no generation, or no content, and neither cut nor withheld.

    Args:
        output: What a model returned; what is no message and holds none, such as an object, is something.
    """
    if isinstance(output, AIMessage):  # first, for the others take long to tell
        return not has_content(output) and ended_well(finish_reason(output))
    if isinstance(output, LLMResult) and not any(output.generations):
        return True
    if isinstance(output, ChatResult) and not output.generations:
        return True
    message = message_in(output)
    return message is not None and not has_content(message) and ended_well(finish_reason(message))


def ended_well(reason: str | None) -> bool:
    """Tell whether a reason why an answer ended is no excuse for an empty one: neither cut nor withheld."""
    return why_unusable(GivenAnswer("", finish_reason=reason)) == "empty"


def _block_has_content(block: Any) -> bool:
    if not isinstance(block, Mapping):
        return bool(block)
    if block.get("type") in ("text", "output_text"):
        return bool(block.get("text"))
    # a piece of reasoning, a tool call, an image; a block that has begun and holds nothing is none yet
    return any(value for name, value in block.items() if name not in ("type", "index", "id"))


def _first(metadata: Mapping[str, Any], names: tuple[str, ...]) -> str | None:
    found = (metadata.get(name) for name in names)
    return next((value for value in found if isinstance(value, str) and value), None)
