"""What programs around a model write into the user's turn: named in one place, and taken out again.

A coding agent or a chat client sends its reminders, its view of the editor and its retrieved context in the
user's name. They are alike from question to question, and a router that reads them scores them all alike.
What a framework's own templates write is found where they are known, in its adapter.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["block", "envelope", "message"]


@dataclass(frozen=True, slots=True)
class InjectedText:
    """Something that a program writes into a user's turn.

    Attributes:
        program: Which one, and when its text was read.
        kind: `"block"`: what stands between the tags is not the user's. `"envelope"`: of a turn that begins
            with the tag, what stands inside it is all that is. `"message"`: a turn that begins with these
            words is none of the user's.
        mark: The tag's name, or the words.
    """

    program: str
    kind: Kind
    mark: str


def _blocks(program: str, *tags: str) -> tuple[InjectedText, ...]:
    return tuple(InjectedText(program, "block", tag) for tag in tags)


INJECTED = (
    *_blocks("Claude Code 2 (2026)", "system-reminder", "local-command-caveat", "local-command-stdout"),
    *_blocks("Claude Code 2 (2026)", "command-name", "command-message", "ide_opened_file", "ide_selection"),
    InjectedText("Claude Code 2 (2026)", "message", "[Request interrupted"),
    InjectedText("Claude Code 2 (2026)", "message", "This session is being continued from a previous"),
    *_blocks("Codex CLI (2026)", "environment_context", "user_instructions", "permissions instructions"),
    InjectedText("Codex CLI (2026)", "message", "# AGENTS.md instructions for "),
    *_blocks("Cline 3, Roo Code 3 (2025)", "environment_details"),
    InjectedText("Cline 3, Roo Code 3 (2025)", "message", "[TASK RESUMPTION]"),
    InjectedText("Cline 3, Roo Code 3 (2025)", "envelope", "task"),
    *_blocks("Cursor (2026)", "system_reminder", "timestamp", "additional_data", "attached_files"),
    InjectedText("Cursor (2026)", "envelope", "user_query"),
    *_blocks("Copilot Chat for VS Code (2026)", "context", "editorContext", "reminderInstructions"),
    *_blocks("Copilot Chat for VS Code (2026)", "attachments", "conversation-summary", "repoContext"),
    InjectedText("Copilot Chat for VS Code (2026)", "envelope", "userRequest"),
    *_blocks("templates for retrieved text", "documents", "retrieved_context"),
)
"""Every text of this kind that is known here; a user's own is given to `query_of` as `strip`."""

_BLOCKS = tuple(each.mark for each in INJECTED if each.kind == "block")
_ENVELOPES = tuple(each.mark for each in INJECTED if each.kind == "envelope")
_MESSAGES = tuple(each.mark for each in INJECTED if each.kind == "message")


def without_injected_text(text: str) -> str:
    """Return what the user wrote of a user's turn.

    Args:
        text: The turn's text.

    Returns:
        The text itself where nothing is known in it, else what is left; "" where that is nothing.
    """
    if text.lstrip().startswith(_MESSAGES):
        return ""
    if "</" not in text:
        return text
    left = text
    for tag in _BLOCKS:
        left = _without_block(left, tag)
    for tag in _ENVELOPES:
        left = _inside(left, tag)
    return text if left == text else left.strip()


def _without_block(text: str, tag: str) -> str:
    opening, closing = f"<{tag}", f"</{tag}>"
    if closing not in text:
        return text
    parts, position = [], 0
    while (start := _opening(text, opening, position)) >= 0:
        end = text.find(closing, start)
        if end < 0:  # never closed: nobody knows where it ends
            break
        parts.append(text[position:start])
        position = end + len(closing)
    return "".join((*parts, text[position:]))


def _inside(text: str, tag: str) -> str:
    body = text.lstrip()
    if _opening(body, f"<{tag}", 0) != 0 or f"</{tag}>" not in body:
        return text
    return body.partition(">")[2].partition(f"</{tag}>")[0]


def _opening(text: str, opening: str, position: int) -> int:
    """Return where a tag opens, with or without attributes, from a position on; -1 where it does not."""
    while (start := text.find(opening, position)) >= 0:
        if text[start + len(opening) : start + len(opening) + 1] in (">", " ", "\n"):
            return start
        position = start + 1
    return -1
