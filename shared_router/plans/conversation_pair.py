"""Two conversations with the same user turns as one question with two answers (LLM-Blender's form)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from shared_router.errors import InvalidInputError
from shared_router.messages import plain_messages

if TYPE_CHECKING:
    from shared_router.messages import AnyMessage, PlainMessage

# the spelling is LLM-Blender's: PairRM was trained on it
INSTRUCTION = (
    "Finish the following coversation in each i-th turn by filling in <Response i> with your response."
)


def conversation_pair(a: Sequence[AnyMessage], b: Sequence[AnyMessage]) -> tuple[str, str, str]:
    """Return the question, the answers of a, and those of b, as LLM-Blender's `get_pair_from_conv`.

    Args:
        a: User and assistant in turn, an answer last.
        b: The same user turns, with other answers.

    Raises:
        InvalidInputError: If they are not in turn, or the user's turns differ.
        QueryError: If they are no conversations.
    """
    first, second = plain_messages(a), plain_messages(b)
    for turns in (first, second):
        roles = [turn["role"] for turn in turns]
        if not turns or roles != ["user", "assistant"] * (len(turns) // 2):
            raise InvalidInputError(
                "a conversation to compare must be of a user's and an assistant's turns by turns, an answer "
                f"last, got {len(turns)} turns in another order"
            )
    if _said(first, 0) != _said(second, 0):
        raise InvalidInputError("conversations to compare must have the same user turns, got different ones")
    asked = [f"USER: {text}\nAssistant: <Response {at}>" for at, text in enumerate(_said(first, 0), start=1)]
    return INSTRUCTION + "\n".join(asked), _answers(first), _answers(second)


def _said(turns: Sequence[PlainMessage], start: int) -> list[str]:
    return [turn["content"] for turn in turns[start::2]]


def _answers(turns: Sequence[PlainMessage]) -> str:
    return "\n".join(f"<Response {at}>: {text}" for at, text in enumerate(_said(turns, 1), start=1))
