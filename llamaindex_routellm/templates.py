"""The texts that LlamaIndex writes around a user's words, or in a user's name.

The one list of them, read from llama-index-core 0.14.25. A user may write the same words, so each counts
only where LlamaIndex itself can have written it: around a question, from a template's first word to its
last; in a user's name, inside an agent's run or after the turn that an agent's text asks about.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from llama_index.core.base.llms.types import ChatMessage, MessageRole
from llama_index.core.indices.document_summary.base import DEFAULT_SUMMARY_QUERY
from llama_index.core.prompts import BasePromptTemplate, ChatPromptTemplate, PromptType, RichPromptTemplate
from llama_index.core.prompts.chat_prompts import CHAT_REFINE_PROMPT_TMPL_MSGS
from llama_index.core.prompts.default_prompts import (
    DEFAULT_REFINE_PROMPT_TMPL,
    DEFAULT_TEXT_QA_PROMPT_TMPL,
    DEFAULT_TREE_SUMMARIZE_TMPL,
)

DOCUMENT_VARIABLES = frozenset(
    {"chat_history", "context", "context_list", "context_msg", "context_str", "documents", "existing_answer"}
)
"""Variables of LlamaIndex's templates that hold what the user did not ask: documents, history, answers."""

_QUESTION = "{query_str}"
_ANSWERING = tuple(
    template
    for template in (
        DEFAULT_TEXT_QA_PROMPT_TMPL,
        DEFAULT_TREE_SUMMARIZE_TMPL,
        DEFAULT_REFINE_PROMPT_TMPL,
        CHAT_REFINE_PROMPT_TMPL_MSGS[0].content or "",
    )
    if _QUESTION in template
)


class _Frame(NamedTuple):
    """The words of a template around its question: its first ones, those before and those after it."""

    first: str
    before: str
    after: str
    is_last: bool

    @classmethod
    def of(cls, template: str) -> _Frame:
        head, tail = template.split(_QUESTION)
        is_last = "{" not in tail
        after = tail.rstrip() if is_last else tail.partition("{")[0]
        return cls(head.partition("{")[0], head.rpartition("}")[2], after, is_last)


_FRAMES = tuple(map(_Frame.of, _ANSWERING))
_FIRST_WORDS = tuple(frame.first for frame in _FRAMES)
# How messages begin that agents write in the user's name, and how an agent's turn looks that they answer.
_BY_AGENTS = (
    "Observation:",
    "Result of executing the code given:",
    "<current_conversation>",
    "Error while parsing the output:",
    "FAILURE: Your previous response was empty.",
)
_AGENTS_TURN = re.compile(r"^\s*(?:Thought|Action)\b|<execute>", re.MULTILINE)
_STATE, _MESSAGE = "Current state:\n{", "}\n\nCurrent message:\n"
# How the templates begin in which evaluators ask about a question and its answer.
_EVALUATIONS = (
    "Please tell if a given piece of information",
    "We want to understand if the following",
    "Your task is to evaluate if",
    "You are an expert evaluation system",
    "Here is the original query",
    "Please act as an impartial judge",
)
# What a memory is asked to write of a conversation: before it, or after it.
_SUMMARY = "The following is a conversation between the user and assistant. Write a concise summary"
_FACTS = (
    "You are a precise fact extraction system designed to identify key information from conversations.\n\n",
    "You are a precise fact condensing system designed to identify key information from conversations.\n\n",
)
# What indexes ask of documents while they are built.
_INDEXING = (
    PromptType.KEYWORD_EXTRACT,
    PromptType.KNOWLEDGE_TRIPLET_EXTRACT,
    PromptType.SCHEMA_EXTRACT,
    PromptType.SUMMARY,
    PromptType.TABLE_CONTEXT,
    PromptType.TREE_INSERT,
)
# How the questions begin that a summary index and a generator of data sets put to each document.
_OF_DOCUMENTS = (DEFAULT_SUMMARY_QUERY.strip(), "You are a Teacher/Professor. Your task is to setup")


def is_asked_of_documents(question: str) -> bool:
    """Tell a question that LlamaIndex asks of each document, and no user."""
    return question.startswith(_OF_DOCUMENTS)


def is_evaluators(template: BasePromptTemplate) -> bool:
    """Tell whether a template is an evaluator's, which puts answers where questions stand."""
    text = template.get_template().removeprefix("system:")
    return text.lstrip().startswith(_EVALUATIONS)


def is_indexing(template: BasePromptTemplate) -> bool:
    """Tell whether a template is one that LlamaIndex fills with documents while it builds an index."""
    return template.metadata.get("prompt_type") in _INDEXING


def is_of_memory(messages: Sequence[ChatMessage]) -> bool:
    """Tell whether a memory has a conversation summed up or its facts listed, which no user asked for."""
    if not messages:
        return False
    first, last = messages[0], messages[-1]
    is_summed_up = first.role == MessageRole.SYSTEM and (first.content or "").startswith(_SUMMARY)
    return is_summed_up or (last.content or "").startswith(_FACTS)


# A rich template makes a block of such a variable, which is looked at and asks nothing.
_OF_BLOCKS = re.compile(r"{{-?\s*(\w+)\s*\|\s*(?:image|audio|video|document)\b")


def free_variables(template: BasePromptTemplate) -> list[str] | None:
    """Return the variables of a template that may hold a question.

    Returns:
        Their names, those of documents and of pictures left out; of a chat's template those of its last user
        message. None where the words of the template itself are all there is to ask.
    """
    if isinstance(template, ChatPromptTemplate):
        asked = [m.content or "" for m in template.message_templates if m.role.value == "user"][-1:]
        names = [name for name in template.template_vars if any(f"{{{name}}}" in text for text in asked)]
    else:
        names = template.template_vars
    if not names:
        return None
    pictures = set()
    if isinstance(template, RichPromptTemplate):
        pictures = set(_OF_BLOCKS.findall(template.template_str))
    return [name for name in names if name not in DOCUMENT_VARIABLES and name not in pictures]


def question_inside(text: str) -> str:
    """Return the question that one of LlamaIndex's answering templates holds, or the text itself."""
    if not text.startswith(_FIRST_WORDS):
        return text
    body = text.rstrip()
    for frame in _FRAMES:
        if not body.startswith(frame.first) or frame.before not in body:
            continue
        if frame.is_last and body.endswith(frame.after):
            # the last one: a document may hold these words too, the question comes after the documents
            return body.removesuffix(frame.after).rpartition(frame.before)[2]
        if not frame.is_last and frame.after in body:
            return body.rpartition(frame.before)[2].partition(frame.after)[0]
    return text


def is_agents_turn(text: str) -> bool:
    """Tell whether an assistant's text is an agent's thought, its call of a tool, or code that it had run."""
    return _AGENTS_TURN.search(text) is not None


def is_by_agent(text: str) -> bool:
    """Tell whether a text in the user's name begins as those do that agents write."""
    return text.startswith(_BY_AGENTS)


def without_state(text: str) -> str:
    """Return a user's words without the state that a workflow's agent writes before them."""
    if text.startswith(_STATE) and _MESSAGE in text:
        return text.partition(_MESSAGE)[2].strip()
    return text
