"""What a call was made with, and its messages as the core reads them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from llama_index.core.base.llms.types import ChatMessage, MessageRole
from llama_index.core.prompts import BasePromptTemplate, ChatPromptTemplate

from llamaindex_routellm.templates import is_agents_turn, is_by_agent, question_inside, without_state
from shared_router import InvalidInputError, Message

if TYPE_CHECKING:
    from llama_index.core.tools.types import BaseTool

_ROLES: dict[MessageRole, Literal["system", "user", "assistant", "tool"]] = {
    MessageRole.SYSTEM: "system",
    MessageRole.DEVELOPER: "system",
    MessageRole.USER: "user",
    MessageRole.TOOL: "tool",
    MessageRole.FUNCTION: "tool",
}


@dataclass(frozen=True, slots=True)
class LLMCall:
    """What one entry point was called with, as far as routing needs it.

    Attributes:
        messages: The chat messages, oldest first.
        text: The prompt of a completion.
        template: The template of a prediction; then `messages` and `text` are empty.
        variables: What the call itself fills the template with.
        tools: Whether the model is asked to call tools.
        structured: Whether it is asked for an object.
        output_cls: The class of that object, where one is named.
        streams: Whether its answer is read as it is written.
        options: What else the model is given with it, such as `max_tokens`.
        toolset: The tools that the model may call.
        refused_by: Models that have refused to prepare it.

    Raises:
        InvalidInputError: If the prompt is no text or no template, or the messages are no list of chat
            messages.
    """

    messages: Sequence[ChatMessage] = field(default=(), repr=False)
    text: str | None = field(default=None, repr=False)
    template: BasePromptTemplate | None = field(default=None, repr=False)
    variables: Mapping[str, Any] = field(default_factory=dict, repr=False)
    tools: bool = False
    structured: bool = False
    output_cls: type | None = None
    streams: bool = False
    options: Mapping[str, Any] = field(default_factory=dict, repr=False)
    toolset: Sequence[BaseTool] = field(default=(), repr=False)
    refused_by: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        """Refuse what is no prompt and no conversation here, where the error can name what was meant."""
        if self.text is None and self.template is None and self.messages == ():
            raise InvalidInputError("a call must have a prompt, messages or a template, got none")
        if self.text is not None and not isinstance(self.text, str):
            raise InvalidInputError(f"a prompt must be a text, got {kind_of(self.text)}")
        if self.template is not None and not isinstance(self.template, BasePromptTemplate):
            raise InvalidInputError(
                f"a prompt to fill in must be a PromptTemplate, got {kind_of(self.template)}; "
                "PromptTemplate(text) makes one of a text"
            )
        if not isinstance(self.messages, Sequence) or isinstance(self.messages, (str, bytes)):
            raise InvalidInputError(
                f"messages must be a list of ChatMessage, got {kind_of(self.messages)}; "
                "ask for one text with complete"
            )
        for message in self.messages:
            if not isinstance(message, ChatMessage):
                raise InvalidInputError(
                    f"messages must be ChatMessage objects, got {kind_of(message)} among them"
                )

    @property
    def filled_in(self) -> dict[str, Any]:
        """What the template is filled with, now or before."""
        return {} if self.template is None else {**self.template.kwargs, **self.variables}

    @property
    def continues(self) -> bool:
        """Whether it goes on with a question already routed: a tool's result comes last."""
        return bool(self.messages) and _ROLES.get(self.messages[-1].role) == "tool"


def kind_of(value: object) -> str:
    """Return what an error may show of a value: its kind, and that it is a class where an object is meant."""
    return f"the class {value.__name__}" if isinstance(value, type) else type(value).__name__


def outside_agents() -> bool:
    """Know of no agent's run."""
    return False


def messages_of(
    messages: Sequence[ChatMessage], *, in_agent: Callable[[], bool] = outside_agents
) -> list[Message]:
    """Return messages as the core reads them: the user's own words, without what LlamaIndex wrote.

    Args:
        messages: The conversation, oldest first.
        in_agent: Tells whether it is an agent's run, and is asked where that matters; elsewhere a text is an
            agent's only where it answers a turn that looks like one's.
    """
    found: list[Message] = []
    answers_agent, in_tool_loop = False, False
    for message in messages:
        text, role = message.content or "", _ROLES.get(message.role, "assistant")
        if role == "user":
            # an image in the user's name after a tool's result is what the tool saw
            synthetic = (in_tool_loop and not text.strip()) or (
                is_by_agent(text) and (answers_agent or in_agent())
            )
            own = text if synthetic else question_inside(without_state(text))
            found.append(Message(role, own, synthetic))
            answers_agent, in_tool_loop = answers_agent and synthetic, synthetic
        else:
            found.append(Message(role, text))
            if role == "assistant":
                answers_agent = is_agents_turn(text)
            in_tool_loop = role == "tool" or (in_tool_loop and role == "system")
    return found


def conversation_of(
    call: LLMCall, question: str | None, *, in_agent: Callable[[], bool] = outside_agents
) -> list[Message]:
    """Return the conversation that a call goes on with, the question that is asked now last.

    Returns:
        No messages for a completion and for a template without a history: they belong to no conversation.
    """
    if not isinstance(call.template, ChatPromptTemplate):
        return messages_of(call.messages, in_agent=in_agent)
    history = list(call.template.message_templates)
    if history and history[-1].role == MessageRole.USER:  # where the template puts the question
        history.pop()
    return [*messages_of(history, in_agent=in_agent), Message("user", question or "")]
