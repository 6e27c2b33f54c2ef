"""The user's question inside a LlamaIndex call.

In a query engine the LLM sees a prompt of documents in which the question comes last, once per chunk;
in an agent it sees observations in the user's name. A router must see the question alone, so it is
looked for in this order:

1. what the caller says: `with routed.query(...)`, then `query_extractor`;
2. the template's variables: response synthesizers fill in `query_str` before they fill in documents;
3. the nearest enclosing span that was given a question: a query engine, a chat engine, a retriever;
4. the prompt itself: the tail of LlamaIndex's own templates, else the last message its user wrote.

A template whose variables hold no question, outside any span that does, is no question at all:
ingestion fills templates with documents. Nor are the templates of LlamaIndex's evaluators, which put
answers where questions stand. The policy's `on_no_query` answers both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Literal

from llama_index.core.base.llms.types import ChatMessage, MessageRole
from llama_index.core.prompts import BasePromptTemplate

from llamaindex_routellm.spans import OpenSpans, text_of
from shared_router import InvalidInputError, Message, query_of

Source = Literal["scope", "extractor", "template", "span", "prompt"]

QUERY_KEYS = ("query_str", "question", "query")
"""The template variables that LlamaIndex's own templates call a question by."""

_ROLES: dict[MessageRole, Literal["system", "user", "assistant", "tool"]] = {
    MessageRole.SYSTEM: "system",
    MessageRole.DEVELOPER: "system",
    MessageRole.USER: "user",
    MessageRole.TOOL: "tool",
    MessageRole.FUNCTION: "tool",
}

# What LlamaIndex writes around a user's words: the end of its question-answering templates, and the
# state of a workflow's agent.
_QUESTION, _ANSWER = "\nQuery: ", "\nAnswer:"
_STATE, _MESSAGE = "Current state:\n", "\nCurrent message:\n"
# How messages begin that agents write in the user's name.
_SYNTHETIC = (
    "Observation:",
    "Result of executing the code given:",
    "<current_conversation>",
    "Error while parsing the output:",
    "FAILURE: Your previous response was empty.",
)
# How the templates begin in which evaluators ask about a question and its answer.
_EVALUATOR_PROMPTS = (
    "Please tell if a given piece of information",
    "We want to understand if the following",
    "Your task is to evaluate if",
    "You are an expert evaluation system",
    "Here is the original query",
    "Please act as an impartial judge",
)


@dataclass(frozen=True, slots=True)
class LLMCall:
    """What one entry point was called with, as far as routing needs it.

    Attributes:
        messages: The chat messages, oldest first.
        text: The prompt of a completion.
        template: The template of a prediction; then `messages` and `text` are empty.
        variables: What the call itself fills the template with.
        tools: Whether the model is asked to call tools.
    """

    messages: Sequence[ChatMessage] = field(default=(), repr=False)
    text: str | None = field(default=None, repr=False)
    template: BasePromptTemplate | None = field(default=None, repr=False)
    variables: Mapping[str, Any] = field(default_factory=dict, repr=False)
    tools: bool = False

    @property
    def continues(self) -> bool:
        """Whether it goes on with a question already routed: a tool's result comes last."""
        return bool(self.messages) and _ROLES.get(self.messages[-1].role) == "tool"


@dataclass(frozen=True, slots=True)
class Question:
    """The text that is routed, and where it was found.

    Attributes:
        text: The question, or None where there is none. Not in the repr.
        source: `"scope"` (`with routed.query`), `"extractor"`, `"template"`, `"span"` or `"prompt"`.
    """

    text: str | None = field(repr=False)
    source: Source


QueryExtractor = Callable[[LLMCall], "str | None"]

# What is said for a block of code is said by its caller, so it holds for every routed LLM in the block.
_scoped_question: ContextVar[Question | None] = ContextVar("routellm_question", default=None)


@contextmanager
def question_scope(text: str | None) -> Iterator[None]:
    """Say what the question is, for the calls inside the block and the tasks and threads they start."""
    if text is not None and not isinstance(text, str):
        raise InvalidInputError(f"a query must be text, or None for no question, got {type(text).__name__}")
    token = _scoped_question.set(Question(text, "scope"))
    try:
        yield
    finally:
        _scoped_question.reset(token)


@dataclass(frozen=True, slots=True)
class QuestionFinder:
    """Find the question of a call.

    Attributes:
        keys: The template variables that hold a question, best first.
        extractor: The user's own way to find it; None from it means to go on looking.
        open_spans: Where questions of enclosing spans are remembered; None looks at none.

    Raises:
        InvalidInputError: If `keys` are not names, or the extractor is no function.
    """

    keys: Sequence[str] = QUERY_KEYS
    extractor: QueryExtractor | None = None
    open_spans: OpenSpans | None = None

    def __post_init__(self) -> None:
        """Refuse keys that name nothing, of which a bare string is read as its letters, and no function."""
        if isinstance(self.keys, str) or not all(isinstance(key, str) for key in self.keys):
            raise InvalidInputError('query_keys must be names of template variables, such as ["question"]')
        if self.extractor is not None and not callable(self.extractor):
            raise InvalidInputError(
                f"query_extractor must be a function or None, got {type(self.extractor).__name__}"
            )

    def find(self, call: LLMCall) -> Question:
        """Return the question of a call, or one without text.

        Raises:
            InvalidInputError: If the extractor returns something that is neither text nor None.
            QueryError: If the call is a chat without messages.
        """
        if (scoped := _scoped_question.get()) is not None:
            return scoped
        if self.extractor is not None and (text := _checked_text(self.extractor(call))) is not None:
            return Question(text, "extractor")
        if call.template is not None:
            if _is_evaluator_prompt(call.template):
                return Question(None, "template")
            filled_in = {**call.template.kwargs, **call.variables}
            for key in self.keys:
                if (text := text_of(filled_in.get(key))) is not None:
                    return Question(text, "template")
        if self.open_spans is not None and (span := self.open_spans.nearest()) is not None:
            return Question(span.question, "span")
        return Question(_in_prompt(call), "prompt")


def _is_evaluator_prompt(template: BasePromptTemplate) -> bool:
    text = template.get_template().removeprefix("system:")
    return text.lstrip().startswith(_EVALUATOR_PROMPTS)


def _checked_text(extracted: object) -> str | None:
    if extracted is not None and not isinstance(extracted, str):
        raise InvalidInputError(f"query_extractor must return text or None, got {type(extracted).__name__}")
    return extracted


def _in_prompt(call: LLMCall) -> str | None:
    if call.text is not None:
        return _without_wrapper(call.text)
    messages = call.messages
    if call.template is not None:
        if call.template.template_vars:
            return None
        messages = call.template.format_messages()  # no variables: the template is the prompt itself
    return query_of([as_message(message) for message in messages])


def as_message(message: ChatMessage) -> Message:
    """Return a message as the core reads it: a user's own words without what LlamaIndex wrote around them."""
    text = message.content or ""
    role = _ROLES.get(message.role, "assistant")
    if role != "user":
        return Message(role, text)
    synthetic = text.startswith(_SYNTHETIC)
    return Message(role, text if synthetic else _without_wrapper(text), synthetic=synthetic)


def _without_wrapper(text: str) -> str:
    """Return what the user wrote inside what LlamaIndex wrote around it."""
    body = text.rstrip()
    if body.endswith(_ANSWER) and _QUESTION in body:
        # the last one: a document may hold these words too, the question comes after the documents
        return body.removesuffix(_ANSWER).rpartition(_QUESTION)[2]
    if text.startswith(_STATE) and _MESSAGE in text:
        return text.partition(_MESSAGE)[2].strip()
    return text
