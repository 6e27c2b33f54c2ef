"""The user's question inside a LlamaIndex call.

In a query engine the LLM sees a prompt of documents in which the question comes last, once per chunk;
in an agent it sees observations in the user's name. A router must see the question alone, so it is
looked for in this order:

1. what the caller says: `with routed.query(...)`, then `query_extractor`;
2. the template's variables: response synthesizers fill in `query_str` before they fill in documents;
3. the nearest enclosing span that was given a question: a query engine, a chat engine, a retriever;
4. the prompt itself: a template's only variable, what LlamaIndex's own templates were filled with, else
   the last message its user wrote.

What ingestion fills templates with are documents, and evaluators put answers where questions stand, so
those calls hold no question; neither does a template of several variables none of which is known to be
one. The policy's `on_no_query` answers them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import partial
from typing import Literal

from llama_index.core.prompts import BasePromptTemplate

from llamaindex_routellm.calls import LLMCall, conversation_of, messages_of, outside_agents
from llamaindex_routellm.spans import OpenSpans, text_of
from llamaindex_routellm.templates import (
    free_variables,
    is_asked_of_documents,
    is_evaluators,
    is_indexing,
    is_of_memory,
    question_inside,
)
from shared_router import InvalidInputError, Message, query_of

_LONGEST_FOLLOW_UP = 200
"""A longer text asks something of its own, in characters, whatever is written around it."""

NoQuestion = Literal["ingestion", "index", "evaluation", "memory", "template"]
Source = Literal["scope", "extractor", "template", "span", "prompt"]

QUERY_KEYS = ("query_str", "question", "query")
"""The template variables that LlamaIndex's own templates call a question by."""


@dataclass(frozen=True, slots=True)
class Question:
    """The text that is routed, and where it was found.

    Attributes:
        text: The question, or None where there is none. Not in the repr.
        source: `"scope"` (`with routed.query`), `"extractor"`, `"template"`, `"span"` or `"prompt"`.
        missing: Why there is none, where the kind of call says so: `"ingestion"`, the building of an
            `"index"`, an `"evaluation"`, the upkeep of a `"memory"`, or a `"template"` whose question nobody
            can tell from its other variables.
        turn: The turn's text as it stood, with what is none of the user's words and without the question
            that it follows. Not in the repr.
    """

    text: str | None = field(repr=False)
    source: Source
    missing: NoQuestion | None = None
    turn: str | None = field(default=None, repr=False, compare=False)


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
        follow_ups: Whether a turn that carries no question of its own, such as "why?", is read with the last
            one that does.
        strip: Takes a user's text and returns what the user wrote of it.

    Raises:
        InvalidInputError: If `keys` are not names, or the extractor or `strip` is no function.
    """

    keys: Sequence[str] = QUERY_KEYS
    extractor: QueryExtractor | None = None
    open_spans: OpenSpans | None = None
    follow_ups: bool = True
    strip: Callable[[str], str] | None = None

    def __post_init__(self) -> None:
        """Refuse keys that name nothing, of which a bare string is read as its letters, and no function."""
        if isinstance(self.keys, str) or not all(isinstance(key, str) for key in self.keys):
            raise InvalidInputError('query_keys must be names of template variables, such as ["question"]')
        for name, function in {"query_extractor": self.extractor, "strip": self.strip}.items():
            if function is not None and not callable(function):
                raise InvalidInputError(f"{name} must be a function or None, got {type(function).__name__}")

    def find(self, call: LLMCall) -> Question:
        """Return the question of a call, or one without text.

        Raises:
            InvalidInputError: If the extractor returns something that is neither text nor None, or `strip`
                something other than text.
        """
        if (scoped := _scoped_question.get()) is not None:
            return scoped
        if self.extractor is not None and (text := _checked_text(self.extractor(call))) is not None:
            return Question(text, "extractor")
        found = self._located(call)
        if found.text is None:
            return found
        if found.source != "prompt" and is_asked_of_documents(found.text):
            return Question(None, found.source, "index")
        return Question(self._own_words(call, found.text), found.source, found.missing, found.text)

    def _located(self, call: LLMCall) -> Question:
        """Return the text in which the user asks, wherever it stands."""
        if call.template is not None and (found := self._named(call, call.template)) is not None:
            return found
        if self.open_spans is not None and (span := self.open_spans.nearest()) is not None:
            if span.reads_documents:
                return Question(None, "span", "ingestion")
            return Question(span.question, "span")
        if call.template is not None:
            return _in_template(call, call.template)
        if call.text is not None:
            return Question(question_inside(call.text), "prompt")
        if is_of_memory(call.messages):
            return Question(None, "prompt", "memory")
        return Question(_last_user_text(self.conversation(call, None)), "prompt")

    def _own_words(self, call: LLMCall, text: str) -> str | None:
        """Return what the user wrote of a text, after the question that it follows up."""
        asked = [Message("user", text)]
        if self.follow_ups and len(text) <= _LONGEST_FOLLOW_UP:
            asked = self._ending_with(call, text)
        return query_of(asked, follow_ups=self.follow_ups, strip=self.strip)

    def _named(self, call: LLMCall, template: BasePromptTemplate) -> Question | None:
        """Return what a template's variables of the known names hold."""
        if is_evaluators(template):
            return Question(None, "template", "evaluation")
        filled_in = call.filled_in
        for key in self.keys:
            if (text := text_of(filled_in.get(key))) is not None:
                return Question(text, "template")
        return None

    def conversation(self, call: LLMCall, question: str | None) -> list[Message]:
        """Return the conversation that a call goes on with, the question that is asked now last."""
        in_agent = outside_agents if self.open_spans is None else self.open_spans.in_agent
        return conversation_of(call, question, in_agent=in_agent)

    def reader_of(self, call: LLMCall, question: Question) -> Callable[[], list[Message]] | None:
        """Return what reads the conversation that a question ends; None where the caller gave it."""
        if question.text is None or question.source in ("scope", "extractor"):
            return None
        return partial(self._ending_with, call, question.turn or question.text)

    def _ending_with(self, call: LLMCall, asked: str) -> list[Message]:
        conversation = self.conversation(call, asked)
        # a prompt that a question was written into is no turn before it
        return conversation if _last_user_text(conversation) == asked else [Message("user", asked)]


def _in_template(call: LLMCall, template: BasePromptTemplate) -> Question:
    """Return the question of a template that names none: of one variable, or of no variable at all."""
    if is_indexing(template):
        return Question(None, "prompt", "index")
    names = free_variables(template)
    if names is None:  # the template is the prompt itself
        messages = template.format_messages(**call.variables)
        return Question(_last_user_text(messages_of(messages)), "prompt")
    # what the call itself fills in is free; what was filled in before is part of the template
    for filled_in in (call.variables, template.kwargs):
        renamed = template.template_var_mappings or {}
        texts = {renamed.get(name, name): text_of(value) for name, value in filled_in.items()}
        asked = [text for name, text in texts.items() if name in names and text is not None]
        if asked:
            break
    return Question(asked[0], "template") if len(asked) == 1 else Question(None, "prompt", "template")


def _last_user_text(messages: Sequence[Message]) -> str | None:
    for message in reversed(messages):
        if message.role == "user" and not message.synthetic:
            return message.text
    return None


def _checked_text(extracted: object) -> str | None:
    if extracted is not None and not isinstance(extracted, str):
        raise InvalidInputError(f"query_extractor must return text or None, got {type(extracted).__name__}")
    return extracted
