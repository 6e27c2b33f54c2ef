"""What LangChain itself writes in the user's name, and where the user's words stand in it.

Read from langchain 1.5.2 (`agents/middleware`), langchain-classic 1.0 (`chains`, `retrievers`) and the
prompts of LangChain's tutorials (`rlm/rag-prompt`, `hwchase17/react`). What harnesses write, such as
`<system-reminder>`, the core takes out for both adapters.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import BaseMessage

_OWN_CALLS = frozenset({"summarization", "tool_emulation"})
"""Values of `lc_source` in a run's metadata: middleware that asks a model with a prompt of its own."""

_SUMMARY_PROMPT = "<role>\nContext Extraction Assistant\n</role>"


@dataclass(frozen=True, slots=True)
class Template:
    """A template that puts a question among other text.

    Attributes:
        beginning: How it begins.
        before: What stands before the question.
        after: What may stand after it.
        last: Whether the question comes last, after documents that may hold the same words.
    """

    beginning: str
    before: str
    after: tuple[str, ...]
    last: bool = True

    def question(self, text: str) -> str | None:
        """Return the question in a text, or None where the template did not write it."""
        if not text.startswith(self.beginning) or self.before not in text:
            return None
        found = text.rpartition(self.before)[2] if self.last else text.partition(self.before)[2]
        for end in self.after:
            found = found.rpartition(end)[0] if self.last and end in found else found.partition(end)[0]
        return found.strip()


_TEMPLATES = (
    Template(
        "Use the following pieces of context to answer the",
        "\nQuestion:",
        ("\nHelpful Answer:", "\nAnswer:"),
    ),
    Template(
        "You are an assistant for question-answering tasks.",
        "\nQuestion:",
        ("\nContext:", "\nAnswer:"),
        last=False,
    ),
    Template(
        "Given the following conversation and a follow up question, rephrase",
        "\nFollow Up Input:",
        ("\nStandalone question:",),
    ),
    Template("The following is a friendly conversation between a human and an AI.", "\nHuman:", ("\nAI:",)),
    Template("You are an AI language model assistant. Your task is", "Original question:", ()),
    Template(
        "Answer the following questions as best you can", "\nBegin!\n\nQuestion:", ("\nThought:",), last=False
    ),
    Template(
        "The original question is as follows:",
        "The original question is as follows:",
        ("\nWe have provided an existing answer",),
        last=False,
    ),
    Template("Given the following question and context, ", "\n> Question:", ("\n> Context:",), last=False),
)

_BEGINNINGS = (_SUMMARY_PROMPT, *(template.beginning for template in _TEMPLATES))


def is_frameworks_own_call(metadata: Mapping[str, Any] | None) -> bool:
    """Tell a run in which middleware asks something of its own: a summary, a tool's made-up result."""
    return (metadata or {}).get("lc_source") in _OWN_CALLS


def is_synthetic(message: BaseMessage) -> bool:
    """Tell a message that middleware wrote in the user's name, such as SummarizationMiddleware's summary."""
    return message.additional_kwargs.get("lc_source") == "summarization"


def users_words(text: str) -> str:
    """Return what a user wrote inside what a template of LangChain's wrote around it; "" where nothing."""
    if not text.startswith(_BEGINNINGS):
        return text
    if text.startswith(_SUMMARY_PROMPT):
        return ""
    for template in _TEMPLATES:
        question = template.question(text)
        if question is not None:
            return question
    return text
