"""Answers that no scorer need read: none at all, one that was cut short, one that refuses."""

from __future__ import annotations

import re

from shared_router.scorers.given_answer import GivenAnswer

_CUT = frozenset(
    {
        *("length", "max_tokens", "max_output_tokens", "max_new_tokens", "incomplete", "model_length"),
        *("model_context_window_exceeded", "context_window_exceeded", "error_limit", "abort"),
    }
)
_WITHHELD = frozenset(
    {
        *("blocklist", "content_filter", "content_filtered", "error", "error_toxic", "guardrail_intervened"),
        *("guardrails", "image_safety", "language", "prohibited_content", "recitation", "refusal", "safety"),
        *("safety_error", "spii"),
    }
)
"""Finish reasons as providers and frameworks write them, in lower case."""

_REFUSAL = re.compile(
    r"[\W_]*(?:unfortunately\W+)?(?:"
    r"(?:(?:i|we|i\W?m|i am|we are|we\W?re)\s+)?(?:very |so |truly )?"
    r"(?:sorry|apologi[sz]e|afraid|as an? (?:ai|large|language)\b)[^.!?\n]{0,80}?"
    r"\b(?:can\W?t|cannot|can not|unable|not able|won\W?t|don\W?t have)\b"
    r"|i(?:\W?m| am)? (?:can\W?t|cannot|can not|won\W?t|unable to|not able to)"
    r" (?:help|assist|answer|do|provide|comply|fulfil|fulfill|create|write|discuss|continue)\b)",
    re.IGNORECASE,
)
"""A refusal opens the answer; later in it the same words are mostly about something else."""

_READ = 400
"""Characters in which a refusal begins and ends, and in which text is looked for."""


def why_unusable(answer: GivenAnswer) -> str:
    """Return why an answer cannot be good enough, in a few words; "" where it may be.

    A provider's finish reason is believed where there is one. Refusals are known by English words alone, and
    by the finish reason.

    Args:
        answer: What a model answered.
    """
    if _word(answer.finish_reason) in _CUT:
        return "cut short"
    if is_withheld(answer.finish_reason):
        return "withheld"
    if not _has_words(answer.text.strip()):
        return "empty"
    return "refused" if _REFUSAL.match(answer.text[:_READ]) else ""


def is_withheld(finish_reason: str | None) -> bool:
    """Tell whether a provider says that it kept an answer back, or that its model declined.

    Args:
        finish_reason: Why the answer ended, in the provider's or a framework's own word; None where none is
            told.
    """
    return _word(finish_reason) in _WITHHELD


def _word(finish_reason: str | None) -> str:
    return (finish_reason or "").strip().lower().rsplit(".", 1)[-1]


def _has_words(text: str) -> bool:
    """Tell whether there is anything to see: spaces, control and format characters alone are nothing."""
    return any(character.isprintable() and not character.isspace() for character in text)
